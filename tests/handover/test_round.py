"""The courier's round as the server gives it: whose parcels, what of them, for how long, and the page's own files."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from tests.factories import NOW, Place, code_of, insert, make_campaign, make_wish
from tests.web.people import Person
from wishes.access import Actor, Role, facts_of, possible_moves
from wishes.claims import actions as claims
from wishes.claims.tables import Claim
from wishes.clock import local
from wishes.custody.tables import Box
from wishes.custody.tables import Parcel as Stored
from wishes.db import Database
from wishes.handover import rounds
from wishes.handover.actions import issue_codes
from wishes.handover.keys import signing_keys
from wishes.handover.rounds import Round, mark_of, round_of
from wishes.handover.tokens import TokenSigner, human_code
from wishes.intake.tables import Community, Wish
from wishes.lifecycle import MOVES, Kind, Status
from wishes.protection.keyring import read_keyring
from wishes.settings import Settings

SIGNER = TokenSigner(1, bytes(range(32)))


def carried(database: Database, place: Place, actor: Actor, **more: object) -> Round:
    with database.reading() as session:
        return round_of(session, actor, place.id, signer=SIGNER, now=NOW, **more)  # type: ignore[arg-type]


def everything(database: Database, place: Place) -> None:
    """A wish of every status and kind, here and elsewhere, with every kind of taker."""
    with database.transaction() as session:
        for status in Status:
            for kind in Kind:
                for elsewhere in (False, True):
                    make_wish(session, place, status=status, kind=kind, elsewhere=elsewhere)
                    make_wish(
                        session, place, status=status, kind=kind, elsewhere=elsewhere, taker_branch_id=place.branch_id
                    )
                    make_wish(
                        session,
                        place,
                        status=status,
                        kind=kind,
                        elsewhere=elsewhere,
                        taker_volunteer_id=place.volunteer_id,
                    )
        make_wish(session, make_campaign(session), status=Status.IN_TRANSIT)


@pytest.mark.parametrize(
    "who", ["courier", "volunteer", "secretary", "social_worker", "coordinator", "inspector", "auditor"]
)
def test_a_round_holds_exactly_the_goods_that_its_courier_may_hand_over_now(
    database: Database, place: Place, who: str
) -> None:
    everything(database, place)
    actor = {
        "courier": Actor(1, "", (place.grant(Role.COURIER),)), "inspector": Actor(1, "", (place.grant(Role.INSPECTOR),)),
        "auditor": Actor(1, "", (place.grant(Role.AUDITOR),)), "volunteer": place.volunteer, "secretary": place.secretary,
        "social_worker": place.social_worker, "coordinator": place.coordinator,
    }[who]  # fmt: skip
    arrives = {name for name, move in MOVES.items() if move.end is Status.DELIVERED and move.only is Kind.GOODS}
    with database.reading() as session:
        wishes = session.execute(sa.select(Wish.__table__).where(col(Wish.campaign_id) == place.id)).all()  # type: ignore[attr-defined]
    expected = {
        row.code
        for row in wishes
        if arrives & {
            move.name
            for move in possible_moves(
                actor,
                facts_of(row.campaign_id, Status(row.status), Kind(row.kind), row.community_id, row.taker_branch_id, row.taker_volunteer_id),
            )
        }
    }  # fmt: skip
    assert {parcel.code for parcel in carried(database, place, actor).parcels} == expected
    assert bool(expected) is (who not in ("inspector", "auditor"))


def test_a_round_says_nothing_of_a_child_and_nothing_that_makes_a_code(database: Database, place: Place) -> None:
    with database.transaction() as session:
        shown, silent = (
            make_wish(
                session,
                place,
                status=Status.READY,
                category=category,
                taker_volunteer_id=place.volunteer_id,
                detail="给小鹿",
            )
            for category in ("study", "aid")
        )
    told = carried(database, place, place.volunteer)
    text = json.dumps(
        [[getattr(parcel, name) for name in parcel.__slots__] for parcel in told.parcels], ensure_ascii=False
    )
    with database.reading() as session:
        names = session.execute(sa.select(Community.name)).scalars().all()  # type: ignore[call-overload]
    assert "儿童" not in text and "小鹿" not in text and not any(name in text for name in names)
    by_id = {parcel.category: parcel for parcel in told.parcels}
    assert by_id["study"].item == "书包" and by_id[""].item == "" and (shown, silent)


def test_a_label_is_known_again_by_its_short_code_which_the_round_does_not_hold(
    database: Database, place: Place
) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
        claims.step(session, "prepare", wish_id=wish_id, actor=place.volunteer, now=NOW)
        codes = issue_codes(session, wish_id=wish_id, signer=SIGNER, now=NOW)
    [parcel] = carried(database, place, place.volunteer).parcels
    assert (parcel.tag, parcel.epoch, parcel.mark) == (codes.label.tag.hex(), 1, mark_of(codes.label))
    assert human_code(codes.label) not in repr(parcel) and codes.label.text not in repr(parcel)
    with database.transaction() as session:
        anew = issue_codes(session, wish_id=wish_id, signer=SIGNER, now=NOW, anew=True)
    [parcel] = carried(database, place, place.volunteer).parcels
    assert (parcel.epoch, parcel.mark) == (2, mark_of(anew.label)), "a reprint replaces the one before"


def test_parcels_come_in_the_order_of_their_boxes(database: Database, place: Place) -> None:
    expected = []
    with database.transaction() as session:
        for number in (12, 3, None):
            wish_id = make_wish(session, place, status=Status.IN_TRANSIT)
            claim_id = insert(
                session, Claim, campaign_id=place.id, wish_id=wish_id, volunteer_id=place.volunteer_id, claimed_at=NOW
            )
            if number is not None:
                box_id = insert(
                    session, Box, campaign_id=place.id, number=number, community_id=place.community_id, created_at=NOW
                )
                insert(
                    session, Stored, campaign_id=place.id, wish_id=wish_id, claim_id=claim_id, box_id=box_id, packed_at=NOW
                )  # fmt: skip
            expected.insert(0, (code_of(session, wish_id), str(number or "")))
    found = carried(database, place, place.coordinator).parcels
    assert [(parcel.code, parcel.box) for parcel in found] == expected


def test_only_who_receives_may_do_with_the_parcels_code_alone(database: Database, place: Place) -> None:
    with database.transaction() as session:
        make_wish(session, place, status=Status.IN_TRANSIT, taker_volunteer_id=place.volunteer_id)
    for actor, alone in ((place.social_worker, True), (place.volunteer, False), (place.coordinator, False)):
        assert [parcel.label_alone for parcel in carried(database, place, actor).parcels] == [alone]


def test_what_does_not_fit_is_counted_and_one_can_ask_for_some_townships(
    database: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        for _ in range(3):
            make_wish(session, place, status=Status.IN_TRANSIT)
        other = make_wish(session, place, status=Status.IN_TRANSIT)
        session.execute(sa.update(Wish).where(col(Wish.id) == other).values(township_code="330102002"))
    monkeypatch.setattr(rounds, "MOST", 2)
    whole = carried(database, place, place.coordinator)
    assert (len(whole.parcels), whole.left_off) == (2, 2)
    assert whole.townships == [("330102001", "330102001", 3), ("330102002", "330102002", 1)]
    some = carried(database, place, place.coordinator, townships=("330102002", "999"))
    assert ([parcel.township for parcel in some.parcels], some.left_off) == (["330102002"], 0)
    assert some.townships == whole.townships, "the others can still be asked for"


@pytest.mark.parametrize("hour", [0, 3, 12, 23])
def test_a_round_lasts_through_the_next_day_and_ends_before_the_one_after_begins(
    database: Database, place: Place, hour: int
) -> None:
    now = datetime(2021, 6, 1, tzinfo=UTC) + timedelta(hours=hour - 8)
    with database.reading() as session:
        ends = local(round_of(session, place.coordinator, place.id, signer=SIGNER, now=now).expires_at)
    assert (ends.date() - local(now).date(), ends.hour, ends.minute) == (timedelta(days=2), 4, 0)


# --- the page -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def courier(app: Flask, place: Place) -> Person:
    return Person(app, (place.grant(Role.COURIER),))


def test_the_page_and_all_of_its_files_are_there_under_one_version(courier: Person, place: Place) -> None:
    at = f"/c/{place.slug}/round"
    assert courier.get(at).headers["Location"].endswith(f"{at}/")
    page = courier.get(f"{at}/")
    parts = re.findall(rf'"({at}/parts/([0-9a-f]+)/[a-z_]+\.js)"', page.text)
    assert len(parts) >= 6 and len({version for _, version in parts}) == 1
    for url in {url for url, _ in parts} | set(re.findall(r'"(/static/[^"]+)"', page.text)):
        answer = courier.get(url.replace("&amp;", "&"))
        assert (
            answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
        ) or "max-age=31536000" in answer.headers["Cache-Control"], url
    stale = parts[0][0].replace(parts[0][1], "0" * 12)
    assert courier.get(stale).headers["Location"].endswith(parts[0][0]), (
        "a part of another version is not passed off as this one's"
    )
    assert courier.get(parts[0][0].replace("round.js", "app.js")).status_code == 404


def test_scripts_import_nothing_but_each_other_and_every_one_is_named(
    courier: Person, place: Place, settings: Settings
) -> None:
    page = courier.get(f"/c/{place.slug}/round/").text
    for path in settings.static_dir.glob("js/round*.js"):
        for name in re.findall(r'from "\./([a-z_]+\.js)"', path.read_text("utf-8")):
            assert f'/{name}"' in page, f"{path.name} imports {name}, which the phone would not keep"


def test_the_worker_looks_after_the_round_alone_and_the_page_can_be_installed(courier: Person, place: Place) -> None:
    at = f"/c/{place.slug}/round"
    page = courier.get(f"{at}/").text
    worker = re.search(r'data-worker="([^"]+)"', page)
    assert worker is not None and worker[1].startswith(f"{at}/worker.js?v=")
    answer = courier.get(worker[1])
    assert answer.content_type.startswith("text/javascript") and "Service-Worker-Allowed" not in answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    link = re.search(r'rel="manifest" href="([^"]+)"', page)
    assert link is not None
    told = courier.get(link[1])
    assert told.content_type == "application/manifest+json"
    assert (told.json["scope"], told.json["start_url"], told.json["display"]) == (f"{at}/", f"{at}/", "standalone")
    assert [courier.get(icon["src"]).status_code for icon in told.json["icons"]] == [200, 200]
    assert place.slug not in told.json["name"]


def test_who_does_not_hand_over_gets_no_round(app: Flask, place: Place) -> None:
    for role in (Role.INSPECTOR, Role.AUDITOR):
        person = Person(app, (place.grant(role),))
        assert person.get(f"/c/{place.slug}/round/").status_code == 403
        assert person.get(f"/c/{place.slug}/round/pack").status_code == 403
    nobody = Person(app)
    for name in ("", "pack", "token"):
        assert nobody.get(f"/c/{place.slug}/round/{name}").status_code == 302


def test_what_a_phone_sends_is_answered_one_by_one_and_needs_the_pages_token(
    app: Flask, courier: Person, database: Database, place: Place, settings: Settings
) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=NOW, volunteer_id=place.volunteer_id)
        session.execute(sa.update(Wish).where(col(Wish.id) == wish_id).values(status=Status.IN_TRANSIT))
        codes = issue_codes(
            session, wish_id=wish_id, signer=signing_keys(read_keyring(settings.keys_dir))[0], now=datetime.now(UTC)
        )
    at, now = f"/c/{place.slug}/round", datetime.now(UTC).isoformat()
    pack = courier.get(f"{at}/pack").json
    assert [parcel["tag"] for parcel in pack["wishes"]] == [codes.label.tag.hex()] and pack["keys"]["keys"][0][
        "crv"
    ] == "Ed25519"
    scan = {
        "token": codes.label.text, "recipient_code": codes.receipt.text, "action": "hand_over", "occurred_at": now, "sent_at": now,
        "device_id": "d" * 20, "evidence": {"note": "", "receiver": "guardian"},
    }  # fmt: skip
    sent = [{**scan, "nonce": "n" * 20, "device_seq": 1}, {**scan, "nonce": "m" * 20, "device_seq": 2, "token": "ABCD"}]
    assert courier.client.post(f"{at}/scans", json=sent).status_code == 400
    answer = courier.client.post(f"{at}/scans", json=sent, headers={"X-CSRFToken": pack["csrf"]})
    assert [(one["nonce"][0], one["outcome"]) for one in answer.json] == [("n", "accepted"), ("m", "refused")]
    assert courier.client.post(f"{at}/scans", json=sent, headers={"X-CSRFToken": pack["csrf"]}).json == answer.json
    assert courier.client.post(f"{at}/scans", json=["x"], headers={"X-CSRFToken": pack["csrf"]}).status_code == 422
    too_many = courier.client.post(f"{at}/scans", json=["x"] * 501, headers={"X-CSRFToken": pack["csrf"]})
    assert too_many.status_code == 413
