"""Verbs of the hand-over: issue a claim's codes, and confirm with both sides that the child has it.

A label proves where the parcel is, a receipt proves that the receiving side is there. Evidence is one of ``both_codes``
(parcel and receipt), ``receipt_code`` (typed by the taker), ``community`` (the community's own social worker, who is the
receiving side, scans the parcel), and ``paper`` (entered by a coordinator afterwards).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, relations, require_move
from wishes.claims.actions import finish_claim, step
from wishes.claims.tables import Claim, ClaimState
from wishes.clock import local_day
from wishes.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from wishes.events.actions import WishState, move, record, wish_state
from wishes.handover.tables import HandOver, Label
from wishes.handover.tokens import PublicKeys, Token, TokenSigner, TokenType, code_is_of, new_tag
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, By, Kind, Status
from wishes.model import columns

_Claim = columns(Claim)
_HandOver = columns(HandOver)
_Label = columns(Label)
_Wish = columns(Wish)

LABEL_DAYS = 180
WRONG_CODES_ALLOWED = 5
_ARRIVES_BY = {
    Status.IN_TRANSIT: "deliver",
    Status.READY: "deliver_directly",
    Status.INSPECTED: "deliver_directly",
    Status.SCHEDULED: "attend",
}


@dataclass(frozen=True, slots=True)
class Codes:
    """The two tokens of one claim."""

    wish_id: int
    claim_id: int
    label: Token
    receipt: Token


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reported hand-over: ``confirmed``, ``replay`` (this very report again), ``duplicate`` (already handed
    over) or ``conflict`` (the claim had ended; kept for the coordinator, never dropped)."""

    state: str
    wish_id: int
    hand_over_id: int


def issue_codes(session: Session, *, wish_id: int, signer: TokenSigner, now: datetime, anew: bool = False) -> Codes:
    """The codes of the wish's live claim, made on first use; *anew* voids the former ones (a lost label).

    Raises NotFound when nobody holds the wish. Effects: one label row on first use or *anew*.
    """
    claim = session.execute(
        sa.select(_Claim.id, _Claim.campaign_id).where(_Claim.wish_id == wish_id, _Claim.state == ClaimState.LIVE)
    ).one_or_none()
    if claim is None:
        raise NotFound("认领记录", "claim")
    label = _current_label(session, claim.id)
    if label is None or anew:
        epoch = 1 if label is None else label.epoch + 1
        if epoch > 255:
            raise Conflict(wish_id=wish_id)
        if label is not None:
            session.execute(sa.update(_Label).where(_Label.id == label.id).values(voided_at=now))
        session.execute(
            sa.insert(_Label).values(
                campaign_id=claim.campaign_id,
                wish_id=wish_id,
                claim_id=claim.id,
                epoch=epoch,
                tag=new_tag(),
                expires_on=local_day(now) + timedelta(days=LABEL_DAYS),
                wrong_codes=0,
                created_at=now,
            )
        )
        label = _current_label(session, claim.id)
    return _codes(label, signer)


def hand_over(
    session: Session,
    *,
    uid: str,
    actor: Actor,
    now: datetime,
    signer: TokenSigner,
    keys: PublicKeys,
    label: str = "",
    receipt: str = "",
    receipt_code: str = "",
    wish_id: int | None = None,
    scanned_at: datetime | None = None,
    campaign_id: int | None = None,
) -> Outcome:
    """Confirm that the child's side has it.

    *uid* names this report: sent again, it answers what was answered before. *label* and *receipt* are what a scanner read;
    *receipt_code* is typed. *wish_id* may stand in for *label* when the page already shows the wish. *scanned_at* is the
    phone's account of when it happened and never moves a deadline. Raises TokenRefused, NotFound, Forbidden, Invalid,
    TooManyRequests (five wrong codes). Effects: one hand-over row; when confirmed also the move, the claim's end, an event.
    """
    if not 8 <= len(uid) <= 40:
        raise Invalid(
            "uid", Text("缺少扫码编号，请刷新页面后重试。", "The scan has no number: reload the page and try again.")
        )
    known = session.execute(
        sa.select(_HandOver.id, _HandOver.wish_id, _HandOver.account_id).where(_HandOver.uid == uid)
    ).one_or_none()
    if known is not None:
        if known.account_id != actor.account_id:
            raise Forbidden()
        return Outcome("replay", known.wish_id, known.id)
    happened = min(scanned_at or now, now)
    held = _find_label(session, label=label, wish_id=wish_id, keys=keys, on=local_day(happened))
    state = wish_state(session, held.wish_id)
    if campaign_id is not None and state.campaign_id != campaign_id:
        raise NotFound("这个标签", "label")
    if not relations(actor, state.facts) & {By.TAKER, By.COURIER, By.COMMUNITY, By.COORDINATOR}:
        raise NotFound("这个心愿", "wish")
    evidence = _evidence(
        session,
        actor,
        state,
        held,
        signer=signer,
        keys=keys,
        label=label,
        receipt=receipt,
        code=receipt_code,
        on=local_day(happened),
    )
    claim_state = session.execute(sa.select(_Claim.state).where(_Claim.id == held.claim_id)).scalar_one()
    verdict = {ClaimState.LIVE: "confirmed", ClaimState.DELIVERED: "duplicate", ClaimState.ENDED: "conflict"}[
        ClaimState(claim_state)
    ]
    if verdict == "confirmed":
        _arrive(session, state, actor=actor, now=now, happened=happened, claim_id=held.claim_id, evidence=evidence)
    else:
        record(
            session,
            action="hand_over",
            campaign_id=state.campaign_id,
            wish_id=state.id,
            claim_id=held.claim_id,
            actor=actor,
            data={"state": verdict, "evidence": evidence},
            occurred_at=happened,
            now=now,
        )
    made = session.execute(
        sa.insert(_HandOver)
        .values(
            campaign_id=state.campaign_id,
            wish_id=state.id,
            claim_id=held.claim_id,
            uid=uid,
            state=verdict,
            evidence=evidence,
            account_id=actor.account_id,
            details={},
            scanned_at=happened,
            received_at=now,
        )
        .returning(_HandOver.id)
    )
    return Outcome(verdict, state.id, int(made.scalar_one()))


def note_wrong_code(session: Session, *, wish_id: int) -> None:
    """Count a wrong receipt code against the wish's current label, in a transaction of its own: the refusal rolled back."""
    session.execute(
        sa.update(_Label)
        .where(_Label.wish_id == wish_id, _Label.voided_at.is_(None))
        .values(wrong_codes=_Label.wrong_codes + 1)
    )


def code_of(session: Session, wish_id: int) -> str:
    """The public code of a wish."""
    return str(session.execute(sa.select(_Wish.code).where(_Wish.id == wish_id)).scalar_one())


class WrongCode(Invalid):
    """The typed code is well formed but not this claim's. The edge then calls :func:`note_wrong_code`."""

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


# --- the parts --------------------------------------------------------------------------------------------------------


def _current_label(session: Session, claim_id: int) -> Any:
    return session.execute(
        sa.select(
            _Label.id, _Label.wish_id, _Label.claim_id, _Label.epoch, _Label.tag, _Label.expires_on, _Label.wrong_codes
        )
        .where(_Label.claim_id == claim_id, _Label.voided_at.is_(None))
        .order_by(_Label.epoch.desc())
        .limit(1)
    ).one_or_none()


def _codes(label: Any, signer: TokenSigner) -> Codes:
    def sign(kind: TokenType) -> Token:
        return signer.sign(kind, tag=bytes(label.tag), epoch=label.epoch, expires_on=label.expires_on)

    return Codes(label.wish_id, label.claim_id, sign(TokenType.LABEL), sign(TokenType.RECEIPT))


def _find_label(session: Session, *, label: str, wish_id: int | None, keys: PublicKeys, on: date) -> Any:
    """The label row that was scanned, or the one of the wish's live (else last) claim."""
    columns: Any = sa.select(
        _Label.id,
        _Label.wish_id,
        _Label.claim_id,
        _Label.epoch,
        _Label.tag,
        _Label.expires_on,
        _Label.wrong_codes,
        _Label.voided_at,
    )
    if label:
        token = keys.verify(label, on=on, expect=TokenType.LABEL)
        found = session.execute(columns.where(_Label.tag == token.tag, _Label.epoch == token.epoch)).one_or_none()
        if found is not None and wish_id is not None and found.wish_id != wish_id:
            raise Invalid(
                "label",
                Text("这个包裹属于另一个心愿。请核对包裹。", "This parcel belongs to another wish. Check the parcel."),
            )
    else:
        found = session.execute(
            columns.where(_Label.wish_id == wish_id, _Label.voided_at.is_(None)).order_by(_Label.id.desc()).limit(1)
        ).one_or_none()
    if found is None:
        raise NotFound("这个标签", "label")
    return found


def _evidence(
    session: Session,
    actor: Actor,
    state: WishState,
    held: Any,
    *,
    signer: TokenSigner,
    keys: PublicKeys,
    label: str,
    receipt: str,
    code: str,
    on: date,
) -> str:
    standing = relations(actor, state.facts)
    if receipt:
        proof = keys.verify(receipt, on=on, expect=TokenType.RECEIPT)
        if proof.tag != bytes(held.tag) or proof.epoch != held.epoch:
            raise Invalid(
                "receipt",
                Text(
                    "签收码和包裹不是同一份心愿的。请核对包裹。",
                    "The receipt and the parcel belong to different wishes. Check the parcel.",
                ),
            )
        return "both_codes"
    if code:
        if held.wrong_codes >= WRONG_CODES_ALLOWED:
            raise TooManyRequests(seconds=86400)
        if not code_is_of(_codes(held, signer).receipt, code):
            raise WrongCode(state.id)
        return "paper" if By.COORDINATOR in standing and not standing & {By.TAKER, By.COMMUNITY} else "receipt_code"
    if label and By.COMMUNITY in standing:
        return "community"
    raise Invalid(
        "receipt",
        Text(
            "还差收件方的签收码：请扫描或输入签收码。",
            "The receiving side's receipt is missing: scan it or type its code.",
        ),
    )


def _arrive(
    session: Session, state: WishState, *, actor: Actor, now: datetime, happened: datetime, claim_id: int, evidence: str
) -> None:
    """Move the wish to delivered. Someone who brings it without having said "bought" has bought it all the same."""
    if (
        state.status is Status.CLAIMED
        and state.kind is Kind.GOODS
        and MOVES["prepare"].by & relations(actor, state.facts)
    ):
        step(session, "prepare", wish_id=state.id, actor=actor, now=now)
        state = wish_state(session, state.id)
    name = _ARRIVES_BY.get(state.status, "deliver")
    require_move(actor, MOVES[name], state.facts)
    move(
        session,
        name,
        wish_id=state.id,
        actor=actor,
        now=now,
        occurred_at=happened,
        claim_id=claim_id,
        data={"evidence": evidence},
        seen=state,
    )
    finish_claim(session, wish_id=state.id, now=now)
