"""The codes of many claims at once, for a print run: one look and one insert for hundreds, where asking one by one takes thousands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from wishes.claims.tables import Claim, ClaimState
from wishes.clock import local_day
from wishes.handover.actions import LABEL_DAYS
from wishes.handover.tables import Label
from wishes.handover.tokens import Token, TokenSigner, TokenType, human_code, new_tag
from wishes.model import table_of

_CLAIM, _LABEL = table_of(Claim), table_of(Label)


class Issued:
    """The current codes of some wishes, by wish; each is signed when it is asked for, with the key of its first printing."""

    def __init__(self, rows: Sequence[Any], signer: TokenSigner) -> None:
        self._rows = {row.wish_id: row for row in rows}
        self._signer = signer

    def __contains__(self, wish_id: int) -> bool:
        return wish_id in self._rows

    def label(self, wish_id: int) -> Token:
        return self._sign(wish_id, TokenType.LABEL)

    def receipt(self, wish_id: int) -> Token:
        return self._sign(wish_id, TokenType.RECEIPT)

    def _sign(self, wish_id: int, kind: TokenType) -> Token:
        row = self._rows[wish_id]
        signer = self._signer.of(row.kid)
        return signer.sign(kind, tag=bytes(row.tag), epoch=row.epoch, expires_on=row.expires_on)


def issue_many(session: Session, wish_ids: Sequence[int], *, signer: TokenSigner, now: datetime) -> Issued:
    """The codes of those of *wish_ids* that somebody holds; a wish without a live claim is left out.

    Effects: one label row for each live claim that had none. Two runs at once issue the same codes: the claim and its
    epoch are UNIQUE, and whoever comes second finds the row.
    """
    bare = session.execute(
        sa.select(_CLAIM.c.id, _CLAIM.c.campaign_id, _CLAIM.c.wish_id)
        .outerjoin(_LABEL, sa.and_(_LABEL.c.claim_id == _CLAIM.c.id, _LABEL.c.voided_at.is_(None)))
        .where(_CLAIM.c.wish_id.in_(wish_ids), _CLAIM.c.state == ClaimState.LIVE, _LABEL.c.id.is_(None))
    ).all()
    if bare:
        insert = sqlite.insert(_LABEL) if session.get_bind().dialect.name == "sqlite" else postgresql.insert(_LABEL)
        expires_on = local_day(now) + timedelta(days=LABEL_DAYS)
        session.execute(
            insert.on_conflict_do_nothing(index_elements=["claim_id", "epoch"]),
            [_fresh(row, signer, expires_on, now) for row in bare],
        )
    rows = session.execute(
        sa.select(_LABEL.c.wish_id, _LABEL.c.epoch, _LABEL.c.tag, _LABEL.c.kid, _LABEL.c.expires_on)
        .join(_CLAIM, _CLAIM.c.id == _LABEL.c.claim_id)
        .where(_LABEL.c.wish_id.in_(wish_ids), _LABEL.c.voided_at.is_(None), _CLAIM.c.state == ClaimState.LIVE)
        .order_by(_LABEL.c.epoch)
    ).all()
    return Issued(rows, signer)


def _fresh(claim: Any, signer: TokenSigner, expires_on: date, now: datetime) -> dict[str, Any]:
    tag = new_tag()
    token = signer.sign(TokenType.LABEL, tag=tag, epoch=1, expires_on=expires_on)
    return {
        "campaign_id": claim.campaign_id, "wish_id": claim.wish_id, "claim_id": claim.id, "epoch": 1, "tag": tag,
        "kid": token.kid, "code": human_code(token), "expires_on": expires_on, "wrong_codes": 0, "created_at": now,
    }  # fmt: skip
