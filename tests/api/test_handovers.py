"""A hand-over is confirmed by two codes, once, whoever reports it and however often; by the API and on the scan page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import Session, col

from tests.api.conftest import Callers
from tests.custody.passing import looked_over
from tests.factories import Place, code_of, make_wish
from tests.web.people import Person
from wishes.claims import actions as claims
from wishes.claims.tables import Claim, ClaimState
from wishes.clock import utc_now
from wishes.custody.tables import Inspection
from wishes.db import Database
from wishes.handover.actions import Codes, issue_codes
from wishes.handover.keys import signing_keys
from wishes.handover.tables import HandOver, Scan
from wishes.handover.tokens import human_code
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.protection.keyring import create_keyring, read_keyring
from wishes.settings import Settings

PATH = "/handovers"


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    create_keyring(settings.keys_dir)


@pytest.fixture
def brought(database: Database, place: Place, settings: Settings) -> tuple[str, Codes]:
    """A wish that the volunteer has bought and brings: its code, and the codes of parcel and receipt."""
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        now = utc_now()
        claims.claim(session, wish_id=wish_id, actor=place.volunteer, now=now, volunteer_id=place.volunteer_id)
        claims.step(session, "prepare", wish_id=wish_id, actor=place.volunteer, now=now)
        looked_over(session, wish_id, now=now)
        return code_of(session, wish_id), codes(session, settings, wish_id)


def codes(session: Session, settings: Settings, wish_id: int) -> Codes:
    signer, _ = signing_keys(read_keyring(settings.keys_dir))
    return issue_codes(session, wish_id=wish_id, signer=signer, now=utc_now())


def report(place: Place, codes: Codes, **more: Any) -> dict[str, Any]:
    return {
        "uid": "report-0001",
        "campaign": place.slug,
        "label": codes.label.text,
        "receipt": codes.receipt.text,
        **more,
    }


def state_of(database: Database, code: str) -> tuple[Status, ClaimState, int]:
    """The wish's status, its last claim's state, and how many reports were kept."""
    with database.reading() as session:
        wish = session.execute(sa.select(col(Wish.id), col(Wish.status)).where(col(Wish.code) == code)).one()
        claim = session.execute(
            sa.select(col(Claim.state)).where(col(Claim.wish_id) == wish.id).order_by(col(Claim.id).desc())
        ).scalars()
        kept = session.execute(
            sa.select(sa.func.count()).select_from(HandOver).where(col(HandOver.wish_id) == wish.id)
        ).scalar_one()
        return Status(wish.status), ClaimState(next(iter(claim))), kept


def test_both_codes_confirm_the_hand_over_and_the_same_report_again_changes_nothing(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    volunteer = callers(place.volunteer)
    assert volunteer.post(PATH, report(place, both)) == {"state": "confirmed", "wish": code}
    assert volunteer.post(PATH, report(place, both)) == {"state": "replay", "wish": code}
    assert state_of(database, code) == (Status.DELIVERED, ClaimState.DELIVERED, 1)
    again = volunteer.post(PATH, report(place, both, uid="report-0002"))
    assert again == {"state": "duplicate", "wish": code}
    assert state_of(database, code) == (Status.DELIVERED, ClaimState.DELIVERED, 2)


def test_a_photographed_label_alone_confirms_nothing(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    refused = callers(place.volunteer).call("POST", PATH, json=report(place, both, receipt=""))
    assert refused.status_code == 422
    twice = callers(place.volunteer).call("POST", PATH, json=report(place, both, receipt=both.label.text))
    assert 400 <= twice.status_code < 500
    assert state_of(database, code) == (Status.READY, ClaimState.LIVE, 0)


def test_the_social_worker_confirms_with_the_parcel_in_hand(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    body = report(place, both, receipt="", wish=code)
    assert callers(place.social_worker).post(PATH, body)["state"] == "confirmed"
    assert state_of(database, code)[0] is Status.DELIVERED


def test_people_who_have_nothing_to_do_with_it_learn_nothing(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    assert callers(place.member).call("POST", PATH, json=report(place, both)).status_code == 404
    assert callers().call("POST", PATH, json=report(place, both)).status_code == 401
    assert state_of(database, code) == (Status.READY, ClaimState.LIVE, 0)


def test_a_label_of_a_wish_that_was_given_back_is_kept_for_the_coordinator_and_moves_nothing(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    with database.transaction() as session:
        wish_id = session.execute(sa.select(col(Wish.id)).where(col(Wish.code) == code)).scalar_one()
        claims.release(session, wish_id=wish_id, actor=place.coordinator, now=utc_now(), reason="换人")
    late = callers(place.coordinator).post(PATH, report(place, both))
    assert late == {"state": "conflict", "wish": code}
    assert state_of(database, code) == (Status.OPEN, ClaimState.ENDED, 1)


def test_five_wrong_receipt_codes_are_enough(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    volunteer = callers(place.volunteer)
    wrong = human_code(both.label)  # well formed, and of the parcel instead of the receipt
    statuses = [
        volunteer.call(
            "POST", PATH, json=report(place, both, uid=f"report-1{n:03}", receipt="", receipt_code=wrong)
        ).status_code
        for n in range(6)
    ]
    assert statuses == [422] * 5 + [429]
    right = report(place, both, uid="report-2000", receipt="", receipt_code=human_code(both.receipt))
    assert volunteer.call("POST", PATH, json=right).status_code == 429, "not even the right one is taken any more"
    assert state_of(database, code) == (Status.READY, ClaimState.LIVE, 0)


def test_a_time_still_to_come_is_kept_for_a_coordinator_and_delivers_nothing(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    ahead = (utc_now() + timedelta(days=2)).isoformat()
    told = callers(place.volunteer).post(PATH, report(place, both, scanned_at=ahead))
    assert told["state"] == "conflict"
    assert state_of(database, code) == (Status.READY, ClaimState.LIVE, 1)
    with database.reading() as session:
        delivered = session.execute(sa.select(col(Wish.delivered_at)).where(col(Wish.code) == code)).scalar_one()
        kept = session.execute(sa.select(col(Scan.code), col(Scan.clock))).one()
    assert delivered is None and tuple(kept) == ("time_in_future", "future")


def test_the_scan_page_confirms_once_and_says_so_when_it_is_sent_again(
    app: Flask, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    volunteer, page = Person(app, place.volunteer.grants), f"/c/{place.slug}/scan"
    sent = {"uid": "from-the-page-1", "label": both.label.text, "receipt": both.receipt.text}
    first = volunteer.post(page, page, **sent)
    assert first.status_code == 302 and first.location.endswith(code)
    assert "交接已确认" in volunteer.get(first.location).text
    volunteer.post(page, page, **sent)
    assert "之前已经确认过" in volunteer.get(first.location).text
    assert state_of(database, code) == (Status.DELIVERED, ClaimState.DELIVERED, 1)
    refused = volunteer.post(page, page, uid="from-the-page-2", label="ABC")
    assert 400 <= refused.status_code < 500 and 'name="uid"' in refused.text


def test_what_skipped_the_warehouse_and_nobody_looked_over_waits_for_a_coordinator(
    callers: Callers, database: Database, place: Place, brought: tuple[str, Codes]
) -> None:
    code, both = brought
    with database.transaction() as session:
        session.execute(sa.delete(Inspection))
    body = report(place, both)
    assert callers(place.volunteer).post(PATH, body) == {"state": "conflict", "wish": code}
    assert state_of(database, code) == (Status.READY, ClaimState.LIVE, 1)
    with database.transaction() as session:
        looked_over(session, both.wish_id, now=utc_now())
    again = callers(place.volunteer).post(PATH, report(place, both, uid="report-0002"))
    assert again == {"state": "confirmed", "wish": code}
