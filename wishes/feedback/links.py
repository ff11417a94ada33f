"""The code by which one side answers: a link and a thing to type in one, with 50 random bits and a check character.

Guessing one of a million live codes takes 2^50 / 10^6, about 10^9 tries; an address has :data:`THROTTLE_TRIES` of them in a
quarter of an hour, so that a thousand addresses need centuries. Only the HMAC of a code is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, By, relations
from wishes.errors import Forbidden, NotFound
from wishes.events.actions import record, wish_state
from wishes.feedback.tables import FeedbackLink
from wishes.handover.tokens import code_digest, new_code, read_code
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.model import table_of
from wishes.people.actions import forgive, take_turn
from wishes.protection.keyring import Keyring, Purpose

_LINK = table_of(FeedbackLink)
SIDES: Final = ("guardian", "community", "taker")
GOOD_FOR: Final = timedelta(days=60)
_ASKABLE: Final = (*HELD, *FINISHED, Status.DISPUTED)


@dataclass(frozen=True, slots=True)
class Opened:
    """A code that is good."""

    link_id: int
    campaign_id: int
    wish_id: int
    side: str


def make_link(session: Session, *, wish_id: int, side: str, actor: Actor, keyring: Keyring, now: datetime) -> str:
    """Make a code for one *side* of a wish and answer it, once; the side's earlier codes end.

    Raises NotFound (no such wish, or nobody has it yet), Forbidden: the guardian's and the community's are made by the
    community or who coordinates, the taker's by who coordinates.
    """
    state = wish_state(session, wish_id)
    standing = relations(actor, state.facts)
    if not standing & {By.COMMUNITY, By.COORDINATOR} or side not in SIDES:
        raise Forbidden(action="feedback_link")
    if side == "taker" and By.COORDINATOR not in standing:
        raise Forbidden(action="feedback_link")
    if state.status not in _ASKABLE:
        raise NotFound("认领记录", "claim")
    session.execute(
        sa.update(_LINK)
        .where(_LINK.c.wish_id == wish_id, _LINK.c.side == side, _LINK.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    code = new_code()
    session.execute(
        sa.insert(_LINK).values(
            campaign_id=state.campaign_id, wish_id=wish_id, side=side, created_by=actor.account_id, created_at=now,
            code_hash=code_digest(code, key=keyring.active(Purpose.CODE).secret), expires_at=now + GOOD_FOR,
        )
    )  # fmt: skip
    record(
        session, action="feedback_link", campaign_id=state.campaign_id, wish_id=wish_id, actor=actor, now=now,
        data={"side": side},
    )  # fmt: skip
    return code


def make_guardians_codes(
    session: Session, wish_ids: Sequence[int], *, campaign_id: int, keyring: Keyring, now: datetime
) -> dict[int, str]:
    """A code for the guardian's side of each wish, for a print run; earlier codes stay good, one may be in their hands."""
    key, codes = keyring.active(Purpose.CODE).secret, {wish_id: new_code() for wish_id in wish_ids}
    if codes:
        session.execute(
            sa.insert(_LINK),
            [
                {
                    "campaign_id": campaign_id, "wish_id": wish_id, "side": "guardian", "created_by": None, "created_at": now,
                    "code_hash": code_digest(code, key=key), "expires_at": now + GOOD_FOR,
                }
                for wish_id, code in codes.items()
            ],
        )  # fmt: skip
    return codes


def open_code(session: Session, typed: str, *, address: str, keyring: Keyring, now: datetime) -> Opened | None:
    """Whose answer *typed* asks for; None for a code that is unknown, over or replaced, which counts against *address*.

    Raises MalformedCode (not counted: a slip of the finger is told at once) and TooManyRequests.
    """
    code = read_code(typed)
    take_turn(session, login=code, address=address, now=now, purpose="feedback")
    digests = [code_digest(code, key=secret) for secret in keyring.secrets(Purpose.CODE).values()]
    row = session.execute(
        sa.select(_LINK.c.id, _LINK.c.campaign_id, _LINK.c.wish_id, _LINK.c.side).where(
            _LINK.c.code_hash.in_(digests), _LINK.c.revoked_at.is_(None), _LINK.c.expires_at > now
        )
    ).one_or_none()
    if row is None:
        return None
    forgive(session, login=code, address=address, now=now, purpose="feedback")
    return Opened(*row)
