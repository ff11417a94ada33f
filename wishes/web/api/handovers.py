"""Hand-overs: the report that the child's side has it."""

from __future__ import annotations

from flask import Response

from wishes.access import require
from wishes.handover import actions
from wishes.handover.keys import signing_keys
from wishes.intake.wishes import wish_by_code
from wishes.web import problems
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Call, Operation
from wishes.web.api.shapes import HandOverBody, HandOverDone
from wishes.web.context import language
from wishes.web.identity import database, keyring


def hand_over(call: Call) -> HandOverDone:
    """Confirm a hand-over with the parcel's label and the receiving side's receipt.

    Sent again under its `uid` it answers `replay`; a wish that arrived before answers `duplicate`; a label whose claim has
    ended answers `conflict` and is kept for the coordinator.
    """
    asked: HandOverBody = call.body
    campaign_id = entered(call.session, call.actor, asked.campaign)
    require(call.actor, "handover.scan", campaign_id)
    wish = None if asked.wish is None else wish_by_code(call.session, campaign_id, asked.wish)
    signer, keys = signing_keys(keyring())
    done = actions.hand_over(
        call.session,
        uid=asked.uid,
        actor=call.actor,
        now=call.now,
        signer=signer,
        keys=keys,
        label=asked.label.strip(),
        receipt=asked.receipt.strip(),
        receipt_code=asked.receipt_code.strip(),
        wish_id=None if wish is None else wish.id,
        scanned_at=asked.scanned_at,
        campaign_id=campaign_id,
    )
    return HandOverDone(state=done.state, wish=actions.code_of(call.session, done.wish_id))


def wrong_code(error: actions.WrongCode) -> Response:
    """A wrong receipt code is counted after the refused report was rolled back: five are too many."""
    with database().transaction() as session:
        actions.note_wrong_code(session, wish_id=error.wish_id)
    return problems.problem(
        error.status, error.code, error.title.say(language()), error.say(language()), field=error.field
    )


OPERATIONS = (Operation("POST", "/handovers", hand_over, "hand-over", HandOverDone, body=HandOverBody),)
