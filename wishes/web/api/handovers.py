"""Hand-overs: the report that the child's side has it."""

from __future__ import annotations

from typing import Literal, get_args

from flask import Response, request

from wishes.access import Actor, require
from wishes.clock import utc_now
from wishes.handover import scanning
from wishes.handover.reports import page_report
from wishes.intake.wishes import wish_by_code
from wishes.people.queries import actor_of_token
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Operation, idempotency_key, read_body, read_query, remember, respond, token_digest
from wishes.web.api.shapes import HandOverBody, HandOverDone
from wishes.web.identity import database
from wishes.web.scans import desk_of

_State = Literal["confirmed", "replay", "duplicate", "conflict"]
_STATE: dict[str, _State] = dict(zip(("accepted", "repeated", "already", "conflict"), get_args(_State), strict=True))


def hand_over() -> Response:
    """Confirm a hand-over with the parcel's label and the receiving side's receipt.

    Sent again under its `uid` it answers `replay`; a wish that arrived before answers `duplicate`; a label whose claim has
    ended, or that another device has handed over, answers `conflict` and is kept for the coordinator. The `uid` does what an
    `Idempotency-Key` does elsewhere; the header is not needed. Refused reports are on record, too.
    """
    now, asked = utc_now(), None
    actor = caller()
    idempotency_key()
    read_query(None)
    asked = read_body(HandOverBody, request.get_data())
    with database().reading() as session:
        campaign_id = entered(session, actor, asked.campaign)
        require(actor, "handover.scan", campaign_id)
        wish = None if asked.wish is None else wish_by_code(session, campaign_id, asked.wish)
    report = page_report(
        asked.uid,
        label=asked.label,
        receipt=asked.receipt,
        receipt_code=asked.receipt_code,
        scanned_at=asked.scanned_at,
        actor=actor,
        now=now,
    )
    desk = desk_of(actor, channel="api", campaign_id=campaign_id)
    answer = scanning.take_one(database(), report, desk=desk, now=now, wish_id=None if wish is None else wish.id)
    if answer.error is not None:
        raise answer.error
    done = HandOverDone(state=_STATE["repeated" if answer.repeated else answer.outcome], wish=answer.wish or "")
    return respond(200, done.model_dump_json())


def caller() -> Actor:
    """Who holds the token of this request. Raises NotSignedIn."""
    digest = token_digest()
    with database().reading() as session:
        return remember(actor_of_token(session, digest, utc_now()))


OPERATIONS = (Operation("POST", "/handovers", hand_over, "hand-over", HandOverDone, body=HandOverBody, by_hand=True),)
