"""After the hand-over: how it went is heard, thanks tell nobody who the child is, and what never came is looked into."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import NOW, Place, make_account
from tests.handover.papers import held_wishes
from tests.web.people import Person, grants_of
from wishes.access import NOBODY, Actor, Role
from wishes.claims.tables import Claim, ClaimState
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, NotFound, TooManyRequests
from wishes.events.actions import wish_state
from wishes.events.tables import Event
from wishes.feedback.actions import MOST_OF_A_SIDE, Said, decide_thanks, give_feedback, report_missing
from wishes.feedback.links import GOOD_FOR, make_link, open_code
from wishes.feedback.queries import feedback_of, thanks_for, waiting_thanks
from wishes.feedback.tables import Feedback, FeedbackLink
from wishes.handover.tokens import new_code
from wishes.intake.sealing import seal_identity
from wishes.intake.tables import Child, Wish
from wishes.intake.uploads import Originals
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.erasing import erase_child
from wishes.protection.guardians import make_link as make_guardian_link
from wishes.protection.keyring import Keyring, read_keyring
from wishes.protection.vault import Vault
from wishes.settings import Settings
from wishes.tracking.relay import relay
from wishes.tracking.tables import Clock, Notice

CHILD, WISH, CLAIM, FEEDBACK, LINK = (table_of(each) for each in (Child, Wish, Claim, Feedback, FeedbackLink))
CLOCK, EVENT, NOTICE = table_of(Clock), table_of(Event), table_of(Notice)
IDENTITY = {
    "name": "章晓岚", "guardian": "章国栋", "school": "径山镇前溪小学", "village": "余杭区径山镇前溪村", "phones": ["19900001234"],
}  # fmt: skip


@pytest.fixture
def ring(app: Flask, settings: Settings) -> Keyring:
    return read_keyring(settings.keys_dir)


@pytest.fixture
def wish_id(database: Database, place: Place, ring: Keyring) -> int:
    """A delivered wish of the place's own community, taken by its branch, of a child somebody knows."""
    _, made = held_wishes(database, place, 2, now=utc_now())
    with database.transaction() as session:
        child_id = session.execute(sa.select(WISH.c.child_id).where(WISH.c.id == made)).scalar_one()
        session.execute(
            sa.update(CHILD).where(CHILD.c.id == child_id).values(**seal_identity(Vault(ring), child_id, IDENTITY))
        )
        session.execute(
            sa.update(WISH).where(WISH.c.id == made).values(status=Status.DELIVERED, delivered_at=utc_now())
        )
        session.execute(sa.update(CLAIM).where(CLAIM.c.wish_id == made).values(state=ClaimState.DELIVERED))
    return made


def person(database: Database, place: Place, role: Role) -> Actor:
    grant = grants_of(place)[role]
    with database.transaction() as session:
        return Actor(make_account(session, (grant,)), str(role), (grant,))


def status(database: Database, wish_id: int) -> Status:
    with database.reading() as session:
        return wish_state(session, wish_id).status


def code_of(database: Database, wish_id: int) -> str:
    with database.reading() as session:
        return str(session.execute(sa.select(WISH.c.code).where(WISH.c.id == wish_id)).scalar_one())


def test_words_lose_what_tells_who_the_child_is_before_they_are_stored(
    database: Database, wish_id: int, ring: Keyring
) -> None:
    words = "晓岚很喜欢，章国栋，前溪小学三年级，径山镇前溪村 12 号，电话 19900001234"
    with database.transaction() as session:
        give_feedback(
            session, wish_id=wish_id, said=Said("guardian", 5, words, f"{words} 谢谢叔叔"), actor=NOBODY, keyring=ring,
            now=utc_now(),
        )  # fmt: skip
    with database.reading() as session:
        [answer] = feedback_of(session, wish_id)
    for text in (answer.words, answer.thanks):
        assert not re.search("晓岚|国栋|前溪|1990000", text), text
    assert "很喜欢" in answer.words and "谢谢叔叔" in answer.thanks and answer.masked >= 8


def test_the_receiving_sides_stars_close_the_wish_and_the_givers_do_not(
    database: Database, wish_id: int, ring: Keyring
) -> None:
    with database.transaction() as session:
        give_feedback(session, wish_id=wish_id, said=Said("taker", 4), actor=NOBODY, keyring=ring, now=utc_now())
    assert status(database, wish_id) is Status.DELIVERED
    with database.transaction() as session:
        give_feedback(session, wish_id=wish_id, said=Said("guardian", 5), actor=NOBODY, keyring=ring, now=utc_now())
    assert status(database, wish_id) is Status.CLOSED
    with database.reading() as session:
        closed = session.execute(sa.select(EVENT.c.data).where(EVENT.c.action == "close")).scalar_one()
    assert closed["rating"] == 5


def test_who_says_nothing_too_much_or_too_early_is_told_so(database: Database, wish_id: int, ring: Keyring) -> None:
    said = (Said("guardian"), Said("guardian", 6), Said("guardian", 5, "字" * 501), Said("guardian", 5, "", "字" * 201))
    for each in said:
        with pytest.raises(Invalid), database.transaction() as session:
            give_feedback(session, wish_id=wish_id, said=each, actor=NOBODY, keyring=ring, now=utc_now())
    for early in (Status.IN_TRANSIT, Status.READY):
        with database.transaction() as session:
            session.execute(sa.update(WISH).where(WISH.c.id == wish_id).values(status=early))
        for verb in (give_feedback, report_missing):
            with pytest.raises(Invalid), database.transaction() as session:
                verb(session, wish_id=wish_id, said=Said("guardian", 5), actor=NOBODY, keyring=ring, now=utc_now())
        assert status(database, wish_id) is early


def test_one_side_cannot_fill_the_desk(database: Database, wish_id: int, ring: Keyring) -> None:
    for number in range(MOST_OF_A_SIDE + 1):
        with database.transaction() as session:
            if number < MOST_OF_A_SIDE:
                give_feedback(
                    session, wish_id=wish_id, said=Said("taker", 3), actor=NOBODY, keyring=ring, now=utc_now()
                )
                continue
            with pytest.raises(Invalid):
                give_feedback(
                    session, wish_id=wish_id, said=Said("taker", 3), actor=NOBODY, keyring=ring, now=utc_now()
                )


@pytest.mark.parametrize("before", [Status.DELIVERED, Status.CLOSED])
def test_what_never_came_is_disputed_once_and_its_clock_runs_again(
    before: Status, database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    told = {
        role: person(database, place, role) for role in (Role.BRANCH_SECRETARY, Role.SOCIAL_WORKER, Role.COORDINATOR)
    }
    with database.transaction() as session:
        session.execute(sa.update(WISH).where(WISH.c.id == wish_id).values(status=before))
    for _ in range(2):
        with database.transaction() as session:
            report_missing(
                session,
                wish_id=wish_id,
                said=Said("guardian", words="等了三天"),
                actor=NOBODY,
                keyring=ring,
                now=utc_now(),
            )
    assert status(database, wish_id) is Status.DISPUTED
    with database.reading() as session:
        disputes = session.execute(sa.select(EVENT.c.reason).where(EVENT.c.action == "dispute")).all()
        open_clocks = session.execute(
            sa.select(CLOCK.c.stage).where(CLOCK.c.wish_id == wish_id, CLOCK.c.closed_at.is_(None))
        ).all()
        answers = feedback_of(session, wish_id)
    assert disputes == [("never_came",)] and open_clocks == [("disputed",)]
    assert [(each.arrived, each.words) for each in answers] == [(False, "等了三天")] * 2
    relay(database, now=utc_now())
    with database.reading() as session:
        notices = session.execute(sa.select(NOTICE.c.account_id).where(NOTICE.c.kind == "dispute")).scalars().all()
    assert {each.account_id for each in told.values()} <= set(notices)


def test_thanks_reach_the_giver_only_after_somebody_else_has_read_them(
    database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    worker, secretary = person(database, place, Role.SOCIAL_WORKER), person(database, place, Role.BRANCH_SECRETARY)
    colleague, stranger = person(database, place, Role.COORDINATOR), place.volunteer
    with database.transaction() as session:
        thanks_id = give_feedback(
            session,
            wish_id=wish_id,
            said=Said("community", 5, "", "谢谢，天天背着"),
            actor=worker,
            keyring=ring,
            now=utc_now(),
        )
    asked = {"feedback_id": thanks_id, "approve": True, "keyring": ring, "now": utc_now()}
    with database.reading() as session:
        assert thanks_for(session, place.id, secretary) == []
        assert [each.own for each in waiting_thanks(session, place.id, worker)] == [True]
    with pytest.raises(Forbidden), database.transaction() as session:
        decide_thanks(session, words="谢谢", actor=worker, **asked)  # type: ignore[arg-type]
    for nobody in (stranger, secretary):
        with pytest.raises(NotFound), database.transaction() as session:
            decide_thanks(session, words="谢谢", actor=nobody, **asked)  # type: ignore[arg-type]
    with pytest.raises(Invalid), database.transaction() as session:
        decide_thanks(session, words=" ", actor=colleague, **asked)  # type: ignore[arg-type]
    with database.transaction() as session:
        assert decide_thanks(session, words="谢谢，晓岚天天背着", actor=colleague, **asked)  # type: ignore[arg-type]
        assert not decide_thanks(session, words="又一次", actor=colleague, **asked)  # type: ignore[arg-type]
    with database.reading() as session:
        [thanks] = thanks_for(session, place.id, secretary)
        assert thanks_for(session, place.id, stranger) == [] and waiting_thanks(session, place.id, colleague) == []
        kinds = session.execute(sa.select(NOTICE.c.kind, NOTICE.c.account_id, NOTICE.c.wish_id)).all()
    assert "天天背着" in thanks.thanks and "晓岚" not in thanks.thanks
    assert ("thanks", secretary.account_id, None) in kinds and ("thanks_waiting", worker.account_id, None) in kinds


def test_thanks_that_tell_too_much_are_kept_back(database: Database, place: Place, wish_id: int, ring: Keyring) -> None:
    with database.transaction() as session:
        thanks_id = give_feedback(
            session, wish_id=wish_id, said=Said("guardian", None, "", "来村口老樟树下看我们"), actor=NOBODY, keyring=ring,
            now=utc_now(),
        )  # fmt: skip
        decide_thanks(
            session,
            feedback_id=thanks_id,
            approve=False,
            words="",
            actor=place.social_worker,
            keyring=ring,
            now=utc_now(),
        )
    with database.reading() as session:
        assert thanks_for(session, place.id, place.secretary) == []


def test_a_code_opens_its_wish_until_it_is_replaced_or_over(
    database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    made = {"wish_id": wish_id, "side": "guardian", "actor": place.social_worker, "keyring": ring}
    with database.transaction() as session:
        first = make_link(session, now=NOW, **made)  # type: ignore[arg-type]
        opened = open_code(session, first.lower().replace("-", " "), address="a", keyring=ring, now=NOW)
        assert opened and (opened.wish_id, opened.side) == (wish_id, "guardian")
        second = make_link(session, now=NOW, **made)  # type: ignore[arg-type]
        assert open_code(session, first, address="a", keyring=ring, now=NOW) is None
        assert open_code(session, second, address="a", keyring=ring, now=NOW + GOOD_FOR) is None
        stored = session.execute(sa.select(LINK.c.code_hash)).scalars().all()
    assert len(stored) == 2 and not any(first.encode() in bytes(each) for each in stored)


def test_who_may_not_see_the_wish_makes_no_code_for_it(
    database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    for actor, side in (
        (place.volunteer, "guardian"),
        (place.secretary, "taker"),
        (place.social_worker, "taker"),
        (place.coordinator, "neighbour"),
    ):
        with pytest.raises(Forbidden), database.transaction() as session:
            make_link(session, wish_id=wish_id, side=side, actor=actor, keyring=ring, now=NOW)


def test_guessing_codes_ends_after_thirty_from_one_address(database: Database, ring: Keyring, place: Place) -> None:
    for _ in range(30):
        with database.transaction() as session:
            assert open_code(session, new_code(), address="10.0.0.1", keyring=ring, now=NOW) is None
    with pytest.raises(TooManyRequests), database.transaction() as session:
        open_code(session, new_code(), address="10.0.0.1", keyring=ring, now=NOW)
    with database.transaction() as session:
        assert open_code(session, new_code(), address="10.0.0.2", keyring=ring, now=NOW) is None
        later = NOW + timedelta(minutes=16)
        assert open_code(session, new_code(), address="10.0.0.1", keyring=ring, now=later) is None


def test_an_erased_child_leaves_stars_and_no_words(
    database: Database, settings: Settings, wish_id: int, ring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        code = make_link(
            session, wish_id=wish_id, side="guardian", actor=place.coordinator, keyring=ring, now=utc_now()
        )
        give_feedback(
            session,
            wish_id=wish_id,
            said=Said("guardian", 4, "很好", "谢谢"),
            actor=NOBODY,
            keyring=ring,
            now=utc_now(),
        )
        child_id = session.execute(sa.select(WISH.c.child_id).where(WISH.c.id == wish_id)).scalar_one()
        erase_child(
            session, child_id=child_id, cause="guardian", keyring=ring, originals=Originals(settings.uploads_dir, ring),
            actor=NOBODY, now=utc_now(),
        )  # fmt: skip
    with database.transaction() as session:
        [answer] = feedback_of(session, wish_id)
        assert open_code(session, code, address="a", keyring=ring, now=utc_now()) is None
    assert (answer.stars, answer.words, answer.thanks, answer.thanks_state) == (4, "", "", "withheld")


def test_a_guardian_without_an_account_answers_by_code(
    app: Flask, database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    with database.transaction() as session:
        code = make_link(
            session, wish_id=wish_id, side="guardian", actor=place.social_worker, keyring=ring, now=utc_now()
        )
    nobody = Person(app)
    typed = nobody.post("/f", "/f", code=code.lower())
    assert typed.status_code == 302 and typed.location.endswith(f"/f/{code}")
    page = nobody.get(f"/f/{code}").text
    child = "小鹿1"
    assert "学习用品" in page and child not in page and code_of(database, wish_id) not in page
    assert nobody.post(f"/f/{code}", f"/f/{code}").status_code == 422
    assert nobody.post(f"/f/{code}", f"/f/{code}", stars="5", thanks="谢谢").status_code == 302
    assert status(database, wish_id) is Status.CLOSED
    assert nobody.post(f"/f/{code}/missing", f"/f/{code}", reason="其实没有来").status_code == 302
    assert status(database, wish_id) is Status.DISPUTED
    assert nobody.post("/f", "/f", code="ABCD").status_code == 422
    assert nobody.get(f"/f/{new_code()}").status_code == 404 and nobody.get("/f/nonsense").status_code == 422
    headers = nobody.get(f"/f/{code}").headers
    assert headers["Referrer-Policy"] == "no-referrer" and "noindex" in headers["X-Robots-Tag"]


def test_a_guardian_answers_on_their_own_page(
    app: Flask, database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    with database.transaction() as session:
        child_id = session.execute(sa.select(WISH.c.child_id).where(WISH.c.id == wish_id)).scalar_one()
        secret = make_guardian_link(session, child_id=child_id, keyring=ring, actor=place.social_worker, now=utc_now())
    guardian, page, code = Person(app), f"/g/{secret}", code_of(database, wish_id)
    guardian.post(f"{page}/open", page, digits="1234")
    assert guardian.post(f"{page}/feedback", page, wish=code).status_code == 422
    assert guardian.post(f"{page}/feedback", page, wish="W999999", stars="5").status_code == 404
    assert guardian.post(f"{page}/feedback", page, wish=code, stars="5", words="章晓岚很喜欢").status_code == 302
    assert status(database, wish_id) is Status.CLOSED
    assert guardian.post(f"{page}/missing", page, wish=code, reason="弄错了").status_code == 302
    assert status(database, wish_id) is Status.DISPUTED
    worker = Person(app, (grants_of(place)[Role.SOCIAL_WORKER],))
    seen = worker.get(f"/c/{place.slug}/wishes/{code}/feedback").text
    assert "很喜欢" in seen and "章晓岚" not in seen


def test_thanks_go_from_the_desk_to_the_givers_page(
    app: Flask, database: Database, place: Place, wish_id: int, ring: Keyring
) -> None:
    with database.transaction() as session:
        give_feedback(
            session,
            wish_id=wish_id,
            said=Said("guardian", 5, "", "谢谢，书包很好"),
            actor=NOBODY,
            keyring=ring,
            now=utc_now(),
        )
    grants, page = grants_of(place), f"/c/{place.slug}/thanks"
    worker, secretary, volunteer = (
        Person(app, (grants[role],)) for role in (Role.SOCIAL_WORKER, Role.BRANCH_SECRETARY, Role.VOLUNTEER)
    )
    assert "书包很好" not in secretary.get(page).text
    action = re.search(r'action="(/c/[^"]+/thanks/\d+)"', worker.get(page).text)
    assert action is not None
    assert worker.post(action[1], page, verdict="approve", words="谢谢，书包很好").status_code == 302
    assert "书包很好" in secretary.get(page).text and "书包很好" not in volunteer.get(page).text
    code = code_of(database, wish_id)
    assert (
        secretary.post(
            f"/c/{place.slug}/wishes/{code}/feedback", f"/c/{place.slug}/wishes/{code}/feedback", stars="4"
        ).status_code
        == 302
    )
    own = secretary.get(f"/c/{place.slug}/wishes/{code}/feedback").text
    assert "小鹿" not in own and "收到的反馈" not in own


def test_a_code_is_shown_once_and_only_to_who_made_it(
    app: Flask, database: Database, place: Place, wish_id: int
) -> None:
    page = f"/c/{place.slug}/wishes/{code_of(database, wish_id)}/feedback"
    worker = Person(app, (grants_of(place)[Role.SOCIAL_WORKER],))
    made = worker.post(f"{page}/link", page, side="guardian").text
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}", made)
    assert code is not None and "<svg" in made and code[0] not in worker.get(page).text
    assert Person(app).get(f"/f/{code[0]}").status_code == 200
