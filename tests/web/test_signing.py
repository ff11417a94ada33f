"""Ways in: codes that are sent, the second step, invitations, and a way back that cannot be talked into."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from tests.factories import Place, make_campaign
from tests.web.people import Person, grants_of, signed_up
from wishes.access import Role
from wishes.claims.tables import Volunteer
from wishes.clock import utc_now
from wishes.db import Database
from wishes.people import codes
from wishes.people.second_step import code_key, set_up, take_step
from wishes.people.tables import Account, Invitation, OneTimeCode, SpareCode
from wishes.settings import Settings

PASSWORD, ANOTHER = "seven quiet herons", "nine slow rivers bend"
LOGIN = "13900000001"


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return replace(sqlite_settings, second_step_required=True)


def account(database: Database, place: Place, role: Role, login: str = LOGIN) -> int:
    with database.transaction() as session:
        return signed_up(session, grants_of(place)[role], login=login, password=PASSWORD)


def key(app: Flask) -> bytes:
    return code_key(app.extensions["microwish.settings"].secret_key)


def send(app: Flask, database: Database, purpose: str = "sign_in", login: str = LOGIN) -> str:
    """A code as it leaves."""
    with database.transaction() as session:
        prepared = codes.prepare_code(session, login=login, purpose=purpose, key=key(app), now=utc_now())
    assert prepared is not None
    return prepared.code


def is_in(person: Person) -> bool:
    return person.get("/account").status_code == 200


# --- codes --------------------------------------------------------------------------------------------------------------


def test_a_code_signs_in_once(app: Flask, database: Database, place: Place) -> None:
    account(database, place, Role.VOLUNTEER)
    code = send(app, database)
    person = Person(app)
    assert person.post("/sign-in/code", "/sign-in/code", login=LOGIN, code=code).status_code == 302
    assert is_in(person)
    again = Person(app)
    assert again.post("/sign-in/code", "/sign-in/code", login=LOGIN, code=code).status_code == 401
    assert not is_in(again)


def test_a_code_is_kept_as_its_digest_ends_after_ten_minutes_five_tries_or_a_newer_one(
    app: Flask, database: Database, place: Place
) -> None:
    account(database, place, Role.VOLUNTEER)

    def take(code: str, *, later: timedelta = timedelta()) -> int | None:
        with database.transaction() as session:
            return codes.take_code(
                session, login=LOGIN, purpose="sign_in", code=code, key=key(app), now=utc_now() + later
            )

    code = send(app, database)
    with database.reading() as session:
        assert code not in str(session.execute(sa.select(OneTimeCode)).all())
    assert take(code, later=timedelta(minutes=11)) is None
    for _ in range(5):
        assert take("x") is None
    assert take(code) is None, "five wrong tries spend it"
    old, new = send(app, database), send(app, database)
    assert (take(old) is None or old == new) and (take(new) is not None or old == new)


def test_a_code_for_one_purpose_or_person_opens_nothing_else(app: Flask, database: Database, place: Place) -> None:
    account(database, place, Role.VOLUNTEER)
    account(database, place, Role.COURIER, "13900000002")
    code = send(app, database)
    for login, purpose in ((LOGIN, "recover"), ("13900000002", "sign_in")):
        with database.transaction() as session:
            assert (
                codes.take_code(session, login=login, purpose=purpose, code=code, key=key(app), now=utc_now()) is None
            )


def test_whether_an_account_exists_is_not_told(app: Flask, database: Database, place: Place) -> None:
    account(database, place, Role.VOLUNTEER)
    pages = [
        re.sub(r'value="[^"]*"|[0-9a-f]{16}', "", Person(app).post(way, page, login=login).text)
        for way, page in (("/sign-in/code/send", "/sign-in/code"), ("/recover/send", "/recover"))
        for login in (LOGIN, "13900000999")
    ]
    assert pages[0] == pages[1] and pages[2] == pages[3]


def test_codes_are_not_sent_without_end(app: Flask, database: Database, place: Place) -> None:
    account(database, place, Role.VOLUNTEER)
    person = Person(app)
    answers = [person.post("/sign-in/code/send", "/sign-in/code", login=LOGIN).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


# --- the second step ----------------------------------------------------------------------------------------------------


def test_who_sees_identities_must_set_up_a_second_step_and_is_nobody_until_then(
    app: Flask, database: Database, place: Place
) -> None:
    account_id = account(database, place, Role.COORDINATOR)
    person = Person(app)
    answer = person.post("/sign-in", "/sign-in", login=LOGIN, password=PASSWORD)
    assert "/sign-in/second-step" in answer.location and not is_in(person)
    assert person.get(f"/c/{place.slug}/desk").status_code == 302
    page = person.get("/sign-in/second-step").text
    secret = re.search(r'qr__spoken code">([A-Z2-7 ]+)<', page)
    assert secret is not None
    totp = pyotp.TOTP(secret[1].replace(" ", ""))
    assert person.post("/sign-in/second-step", "/sign-in/second-step", code="000000").status_code == 401
    done = person.post("/sign-in/second-step", "/sign-in/second-step", code=totp.now())
    assert done.status_code == 200 and len(re.findall(r"<li>\d{4} \d{4} \d{4}</li>", done.text)) == 10
    assert is_in(person) and person.get(f"/c/{place.slug}/desk").status_code == 200
    with database.reading() as session:
        kept = session.execute(sa.select(col(Account.second_step)).where(col(Account.id) == account_id)).scalar_one()
    assert kept is not None and secret[1].replace(" ", "").encode() not in bytes(kept)


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.COURIER, Role.AUDITOR])
def test_who_sees_no_identity_need_not(app: Flask, database: Database, place: Place, role: Role) -> None:
    account(database, place, role)
    person = Person(app)
    person.post("/sign-in", "/sign-in", login=LOGIN, password=PASSWORD)
    assert is_in(person)


def stepped(app: Flask, database: Database, account_id: int) -> tuple[pyotp.TOTP, list[str]]:
    secret = pyotp.random_base32()
    long_ago = utc_now() - timedelta(days=1)
    with database.transaction() as session:
        spare = set_up(
            session, account_id=account_id, secret=secret, code=pyotp.TOTP(secret).at(long_ago), now=long_ago,
            secret_key=app.extensions["microwish.settings"].secret_key,
        )  # fmt: skip
    assert spare is not None
    return pyotp.TOTP(secret), spare


def test_the_second_step_takes_each_code_once_and_each_spare_code_once(
    app: Flask, database: Database, place: Place
) -> None:
    account_id = account(database, place, Role.COORDINATOR)
    totp, spare = stepped(app, database, account_id)
    secret_key, now = app.extensions["microwish.settings"].secret_key, utc_now()

    def take(code: str) -> bool:
        with database.transaction() as session:
            return take_step(session, account_id=account_id, code=code, secret_key=secret_key, now=now)

    assert take(totp.at(now)) and not take(totp.at(now))
    assert not take(totp.at(now - timedelta(seconds=30))), "an older one after a newer one is a replay"
    assert not take(totp.at(now + timedelta(minutes=5)))
    assert take(spare[3]) and not take(spare[3])
    with database.reading() as session:
        assert spare[4].replace(" ", "") not in str(session.execute(sa.select(SpareCode)).all())


def test_after_the_password_only_the_right_second_step_signs_in_and_guessing_is_slowed(
    app: Flask, database: Database, place: Place
) -> None:
    totp, _ = stepped(app, database, account(database, place, Role.COORDINATOR))
    person = Person(app)
    person.post("/sign-in", "/sign-in", login=LOGIN, password=PASSWORD)
    answers = [person.post("/sign-in/second-step", "/sign-in/second-step", code="12345").status_code for _ in range(9)]
    assert answers == [401] * 8 + [429] and not is_in(person)
    assert person.post("/sign-in/second-step", "/sign-in/second-step", code=totp.now()).status_code == 429


def test_a_browser_left_open_cannot_exchange_the_second_step(app: Flask, database: Database, place: Place) -> None:
    totp, _ = stepped(app, database, account(database, place, Role.COORDINATOR))
    person = Person(app)
    person.post("/sign-in", "/sign-in", login=LOGIN, password=PASSWORD)
    person.post("/sign-in/second-step", "/sign-in/second-step", code=totp.at(utc_now() - timedelta(seconds=30)))
    assert is_in(person)
    page = person.get("/account/second-step").text
    secret = re.search(r'qr__spoken code">([A-Z2-7 ]+)<', page)
    assert secret is not None
    fresh = pyotp.TOTP(secret[1].replace(" ", ""))
    assert person.post("/account/second-step", "/account/second-step", code=fresh.now(), present="").status_code == 422
    assert (
        person.post("/account/second-step", "/account/second-step", code=fresh.now(), present=totp.now()).status_code
        == 200
    )


# --- the way back -------------------------------------------------------------------------------------------------------


def recover(app: Flask, database: Database) -> Person:
    person = Person(app)
    person.post("/recover", "/recover", login=LOGIN, code=send(app, database, "recover"), password=ANOTHER)
    return person


def can_sign_in(app: Flask, password: str) -> bool:
    person = Person(app)
    return person.post("/sign-in", "/sign-in", login=LOGIN, password=password).status_code == 302


def test_a_volunteer_recovers_with_the_code_alone_and_all_browsers_are_signed_out(
    app: Flask, database: Database, place: Place
) -> None:
    account(database, place, Role.VOLUNTEER)
    before = Person(app)
    before.post("/sign-in", "/sign-in", login=LOGIN, password=PASSWORD)
    recover(app, database)
    assert not is_in(before) and can_sign_in(app, ANOTHER) and not can_sign_in(app, PASSWORD)


def test_a_coordinator_recovers_only_with_a_second_administrators_word(
    app: Flask, database: Database, place: Place
) -> None:
    account_id = account(database, place, Role.CAMPAIGN_ADMIN)
    stepped(app, database, account_id)
    recover(app, database)
    assert not can_sign_in(app, ANOTHER)
    with database.transaction() as session:
        elsewhere = make_campaign(session)
    stranger = Person(app, (grants_of(elsewhere)[Role.CAMPAIGN_ADMIN],))
    assert "/recoveries/1/" not in stranger.get("/recoveries").text
    assert stranger.post("/recoveries/1/approve", "/account").status_code == 404
    volunteer = Person(app, (grants_of(place)[Role.COORDINATOR],))
    assert volunteer.post("/recoveries/1/approve", "/account").status_code == 403
    second = Person(app, (grants_of(place)[Role.CAMPAIGN_ADMIN],))
    assert second.post("/recoveries/1/approve", "/recoveries").status_code == 302
    recover(app, database)
    assert can_sign_in(app, ANOTHER)
    with database.reading() as session:  # the lost second step is set up anew
        assert (
            session.execute(sa.select(col(Account.second_step)).where(col(Account.id) == account_id)).scalar_one()
            is None
        )
    recover(app, database)
    assert can_sign_in(app, ANOTHER), "one agreement is good for one recovery"


def test_nobody_agrees_to_their_own_recovery(app: Flask, database: Database, place: Place) -> None:
    totp, _ = stepped(app, database, account(database, place, Role.CAMPAIGN_ADMIN))
    recover(app, database)
    own = Person(app)
    own.post("/sign-in", "/sign-in", login=LOGIN, password=PASSWORD)
    own.post("/sign-in/second-step", "/sign-in/second-step", code=totp.now())
    assert is_in(own)
    assert own.post("/recoveries/1/approve", "/account").status_code == 404


# --- invitations --------------------------------------------------------------------------------------------------------


def link_of(person: Person, place: Place, **values: str) -> str:
    answer = person.post(
        f"/c/{place.slug}/invitations", f"/c/{place.slug}/invitations", **{"uses": "2", "days": "7", **values}
    )
    assert answer.status_code == 200
    found = re.search(r"/join/[A-Za-z0-9_-]+", answer.text)
    assert found is not None
    return found[0]


def new_member(app: Flask, link: str, login: str) -> Person:
    person = Person(app)
    person.post(link, link, name="新成员", login=login, password=PASSWORD)
    return person


def test_members_join_a_branch_by_link_as_often_as_it_says(app: Flask, database: Database, place: Place) -> None:
    secretary = Person(app, (grants_of(place)[Role.BRANCH_SECRETARY],))
    link = link_of(secretary, place, branch=str(place.branch_id))
    first, second = new_member(app, link, "13900000011"), new_member(app, link, "a@example.org")
    assert is_in(first) and is_in(second)
    assert first.get(f"/c/{place.slug}/mine").status_code == 200
    assert Person(app).get(link).status_code == 404, "used up"
    with database.reading() as session:
        joined = (
            session.execute(sa.select(col(Volunteer.branch_id)).where(col(Volunteer.code).startswith("J")))
            .scalars()
            .all()
        )
        assert joined == [place.branch_id] * 2
        assert link.split("/")[-1] not in str(session.execute(sa.select(Invitation)).all())


def test_a_secretary_invites_into_their_own_branch_only(app: Flask, place: Place) -> None:
    secretary = Person(app, (grants_of(place)[Role.BRANCH_SECRETARY],))
    page = f"/c/{place.slug}/invitations"
    assert secretary.post(page, page, branch=str(place.other_branch_id), uses="2", days="7").status_code == 404


def test_an_invitation_ends_by_time_or_by_hand(app: Flask, database: Database, place: Place) -> None:
    secretary = Person(app, (grants_of(place)[Role.BRANCH_SECRETARY],))
    link = link_of(secretary, place, branch=str(place.branch_id))
    page = f"/c/{place.slug}/invitations"
    assert secretary.post(f"{page}/1/end", page).status_code == 302
    assert Person(app).get(link).status_code == 404
    late = link_of(secretary, place, branch=str(place.branch_id))
    with database.transaction() as session:
        session.execute(sa.update(Invitation).values(expires_at=utc_now()))
    assert Person(app).get(late).status_code == 404


def test_a_link_never_takes_over_an_account_that_exists(app: Flask, database: Database, place: Place) -> None:
    account(database, place, Role.COORDINATOR)
    secretary = Person(app, (grants_of(place)[Role.BRANCH_SECRETARY],))
    link = link_of(secretary, place, branch=str(place.branch_id))
    thief = new_member(app, link, LOGIN)
    assert not is_in(thief) and can_sign_in(app, PASSWORD)
