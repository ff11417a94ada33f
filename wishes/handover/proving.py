"""What a scan proves: which parcel it is, and that the receiving side was there. Reads only; effects are the callers'."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.errors import Invalid, NotFound, TooManyRequests
from wishes.handover.tables import Label
from wishes.handover.tokens import (
    TOKEN_CHARS,
    PublicKeys,
    Token,
    TokenRefused,
    TokenSigner,
    TokenType,
    code_is_of,
    read_code,
    token_in,
)
from wishes.i18n import Text
from wishes.lifecycle import By
from wishes.model import columns

_Label = columns(Label)

WRONG_CODES_ALLOWED: Final = 5
_COLUMNS = [
    getattr(_Label, name)
    for name in (
        "id",
        "wish_id",
        "claim_id",
        "epoch",
        "tag",
        "kid",
        "expires_on",
        "wrong_codes",
        "created_at",
        "voided_at",
    )
]


class RevokedToken(TokenRefused):
    code = "token_revoked"
    sentence = Text(
        "这张标签已作废（已换新标签或已换人）。请扫新标签；没有新标签就联系协调员。",
        "This label is void: a new one was printed, or somebody else has the wish. Scan the new one, or ask the coordinator.",
    )


class WrongCode(Invalid):
    """The typed code is well formed but not this claim's: a guess, and counted as one."""

    code = "receipt_code_wrong"

    def __init__(self, wish_id: int) -> None:
        super().__init__(
            "receipt_code",
            Text(
                "签收码不对。请向收件方核对；连续输错 5 次后须由协调员处理。",
                "That is not the receipt code. Check it with the receiving side; after five wrong codes "
                "a coordinator has to help.",
            ),
        )
        self.wish_id = wish_id


class ReceiptMissing(Invalid):
    code = "receipt_missing"

    def __init__(self) -> None:
        super().__init__(
            "receipt",
            Text(
                "还差收件方的签收码：请扫描或输入签收码。",
                "The receiving side's receipt is missing: scan it or type its code.",
            ),
        )


class ReceiptMismatched(Invalid):
    code = "tokens_mismatched"

    def __init__(self) -> None:
        super().__init__(
            "receipt",
            Text(
                "签收码和包裹不是同一份心愿的。请核对包裹。",
                "The receipt and the parcel belong to different wishes. Check the parcel.",
            ),
        )


class CodesLocked(TooManyRequests):
    code = "receipt_code_locked"
    sentence = Text(
        "这个包裹的签收码已输错 {most} 次，不能再输入。请扫收件方的签收二维码，或请协调员换发新码。",
        "Wrong codes were typed {most} times for this parcel: no more are taken. Scan the receipt's QR code, "
        "or ask the coordinator for new codes.",
    )


@dataclass(frozen=True, slots=True)
class Held:
    """The row of a label, without loading it as an object."""

    id: int
    wish_id: int
    claim_id: int
    epoch: int
    tag: bytes
    kid: int
    expires_on: date
    wrong_codes: int
    created_at: datetime
    voided_at: datetime | None

    def token(self, type_: TokenType, signer: TokenSigner) -> Token:
        return signer.of(self.kid).sign(type_, tag=self.tag, epoch=self.epoch, expires_on=self.expires_on)


def is_typed(text: str) -> bool:
    """Whether *text* is a short code that somebody typed, rather than what a reader returned."""
    return len(token_in(text)) < TOKEN_CHARS // 2


def find_label(session: Session, scanned: str, *, keys: PublicKeys) -> Held:
    """The label that was scanned, or whose short code was typed; void and expired ones, too.

    Raises TokenRefused (forged, altered, not a label's) and NotFound.
    """
    if is_typed(scanned):
        return _one(session, _BY_CODE, {"typed": read_code(scanned)})
    token = keys.verify(scanned, on=None, expect=TokenType.LABEL)
    return _one(session, _BY_TAG, {"its_tag": token.tag, "its_epoch": token.epoch})


def label_of_wish(session: Session, wish_id: int) -> Held:
    """The newest good label of a wish. Raises NotFound."""
    return _one(session, _OF_WISH, {"of_wish": wish_id})


def label_of_claim(session: Session, claim_id: int) -> Held | None:
    """The newest good label of a claim."""
    row = session.execute(
        sa.select(*_COLUMNS)
        .where(_Label.claim_id == claim_id, _Label.voided_at.is_(None))
        .order_by(_Label.epoch.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _held(row)


def label_again(session: Session, label_id: int) -> Held:
    """The same row as it is now, after waiting for whoever changed it."""
    return _one(session, _BY_ID, {"label_id": label_id})


def prove(
    held: Held, *, standing: Collection[By], signer: TokenSigner, keys: PublicKeys, label: str, receipt: str, code: str
) -> str:
    """How the receiving side proved that it was there: ``both_codes``, ``receipt_code``, ``paper`` or ``community``.

    *standing* is how the reporter stands to the wish. Raises TokenRefused, ReceiptMismatched, ReceiptMissing, WrongCode,
    CodesLocked (five wrong codes). A label alone proves nothing, but in the hands of the community's own social worker,
    who is the receiving side.
    """
    if receipt:
        proof = keys.verify(receipt, on=None, expect=TokenType.RECEIPT)
        if proof.tag != held.tag or proof.epoch != held.epoch:
            raise ReceiptMismatched()
        return "both_codes"
    if code:
        read_code(code)
        if held.wrong_codes >= WRONG_CODES_ALLOWED:
            raise CodesLocked(seconds=86400, most=WRONG_CODES_ALLOWED)
        if not code_is_of(held.token(TokenType.RECEIPT, signer), code):
            raise WrongCode(held.wish_id)
        return (
            "paper" if By.COORDINATOR in standing and not set(standing) & {By.TAKER, By.COMMUNITY} else "receipt_code"
        )
    if label and By.COMMUNITY in standing:
        return "community"
    raise ReceiptMissing()


_NEWEST = sa.select(*_COLUMNS).order_by(_Label.id.desc()).limit(1)
_BY_CODE = _NEWEST.where(_Label.code == sa.bindparam("typed"))
_BY_TAG = _NEWEST.where(_Label.tag == sa.bindparam("its_tag"), _Label.epoch == sa.bindparam("its_epoch"))
_OF_WISH = _NEWEST.where(_Label.wish_id == sa.bindparam("of_wish"), _Label.voided_at.is_(None))
_BY_ID = sa.select(*_COLUMNS).where(_Label.id == sa.bindparam("label_id"))


def _one(session: Session, question: Any, values: dict[str, Any]) -> Held:
    row = session.execute(question, values).one_or_none()
    if row is None:
        raise NotFound("这个标签", "label")
    return _held(row)


def _held(row: Any) -> Held:
    return Held(**{**row._mapping, "tag": bytes(row.tag)})
