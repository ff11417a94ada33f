"""Verbs of the hand-over: issue a claim's codes, and confirm with both sides that the child has it.

A label proves where the parcel is, a receipt proves that the receiving side is there. Evidence is one of ``both_codes``
(parcel and receipt), ``receipt_code`` (typed by the taker), ``community`` (the community's own social worker, who is the
receiving side, scans the parcel), and ``paper`` (entered by a coordinator afterwards).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, relations, require_move
from wishes.claims.actions import finish_claim, step
from wishes.claims.tables import Claim, ClaimState
from wishes.clock import local_day
from wishes.custody.queries import ChecksMissing, passed
from wishes.errors import Conflict, Forbidden, Invalid, MicrowishError, NotFound
from wishes.events.actions import WishState, move, record, wish_state
from wishes.events.tables import Event
from wishes.handover.proving import (
    Held,
    RevokedToken,
    WrongCode,
    find_label,
    label_again,
    label_of_claim,
    label_of_wish,
    prove,
)
from wishes.handover.standing import Hands, begun_again, contradicted, counts_now, not_theirs, restand
from wishes.handover.tables import HandOver, Label, Scan
from wishes.handover.tokens import ExpiredToken, PublicKeys, Token, TokenSigner, TokenType, human_code, new_tag
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.lifecycle import MOVES, By, Kind, Status
from wishes.model import columns

__all__ = ["Codes", "Outcome", "WrongCode", "code_of", "hand_over", "issue_codes"]

_Claim = columns(Claim)
_Event = columns(Event)
_HandOver = columns(HandOver)
_Label = columns(Label)
_Scan = columns(Scan)
_Wish = columns(Wish)

LABEL_DAYS = 180
MAY_REPORT = frozenset({By.TAKER, By.COURIER, By.COMMUNITY, By.COORDINATOR})
_ARRIVES_BY = {
    Status.IN_TRANSIT: "deliver",
    Status.READY: "deliver_directly",
    Status.INSPECTED: "deliver_directly",
    Status.SCHEDULED: "attend",
}

# Statements that every scan needs, built once: building them costs more than running them.
_KNOWN = sa.select(_HandOver.id, _HandOver.wish_id, _HandOver.account_id).where(
    _HandOver.uid == sa.bindparam("told_uid")
)
_TURN = sa.select(_Wish.id).where(_Wish.id == sa.bindparam("of_wish")).with_for_update()
_HOLDING = sa.select(_Claim.state, _Claim.claimed_at).where(_Claim.id == sa.bindparam("of_claim"))
_CODE = sa.select(_Wish.code).where(_Wish.id == sa.bindparam("of_wish"))
_REPORTED = sa.insert(HandOver).returning(_HandOver.id)


@dataclass(frozen=True, slots=True)
class Codes:
    """The two tokens of one claim."""

    wish_id: int
    claim_id: int
    label: Token
    receipt: Token


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reported hand-over.

    ``state`` is ``confirmed``, ``replay`` (this very report again), ``duplicate`` (already handed over, and nobody says
    otherwise) or ``conflict`` (kept for a coordinator, never dropped; ``code`` says why). ``hand_over_id`` is 0 when the
    report cannot count as things stand.
    """

    state: str
    wish_id: int
    hand_over_id: int
    code: str = ""
    evidence: str = ""


def issue_codes(session: Session, *, wish_id: int, signer: TokenSigner, now: datetime, anew: bool = False) -> Codes:
    """The codes of the wish's live claim, made on first use; *anew* voids the former ones (a lost label).

    Raises NotFound when nobody holds the wish. Effects: one label row on first use or *anew*.
    """
    claim = session.execute(
        sa.select(_Claim.id, _Claim.campaign_id).where(_Claim.wish_id == wish_id, _Claim.state == ClaimState.LIVE)
    ).one_or_none()
    if claim is None:
        raise NotFound("认领记录", "claim")
    label = label_of_claim(session, claim.id)
    if label is None or anew:
        epoch = 1 if label is None else label.epoch + 1
        if epoch > 255:
            raise Conflict(wish_id=wish_id)
        if label is not None:
            session.execute(sa.update(_Label).where(_Label.id == label.id).values(voided_at=now))
        tag, expires_on = new_tag(), local_day(now) + timedelta(days=LABEL_DAYS)
        token = signer.sign(TokenType.LABEL, tag=tag, epoch=epoch, expires_on=expires_on)
        session.execute(
            sa.insert(_Label).values(
                campaign_id=claim.campaign_id,
                wish_id=wish_id,
                claim_id=claim.id,
                epoch=epoch,
                tag=tag,
                kid=token.kid,
                code=human_code(token),
                expires_on=expires_on,
                wrong_codes=0,
                created_at=now,
            )
        )
        return Codes(
            wish_id, claim.id, token, signer.sign(TokenType.RECEIPT, tag=tag, epoch=epoch, expires_on=expires_on)
        )
    return Codes(wish_id, claim.id, label.token(TokenType.LABEL, signer), label.token(TokenType.RECEIPT, signer))


def hand_over(
    session: Session,
    *,
    uid: str,
    actor: Actor,
    now: datetime,
    signer: TokenSigner,
    keys: PublicKeys,
    label: str = "",
    held: Held | None = None,
    receipt: str = "",
    receipt_code: str = "",
    wish_id: int | None = None,
    scanned_at: datetime | None = None,
    campaign_id: int | None = None,
    device_id: int | None = None,
    contested: str = "",
    on_record: bool = False,
) -> Outcome:
    """Confirm that the child's side has it.

    *uid* names this report: sent again, it answers what was answered before. *label* is what a scanner read or the label's
    short code, *held* its row where the caller has found it by that, *receipt* what a scanner read, *receipt_code* is typed. *wish_id*
    may stand in for *label* when the page already shows the wish. *scanned_at* says when it happened; it never moves a deadline. Which report of a claim counts
    does not depend on which came first: see :mod:`wishes.handover.standing`. *contested* is why it cannot count by itself, known to
    the caller: it is proved and kept all the same.

    Raises TokenRefused, NotFound, Forbidden, Invalid, TooManyRequests (five wrong codes), all before any effect. Effects:
    one hand-over row; when confirmed also the move, the claim's end, an event; a scan row unless the caller puts it *on_record*.
    """
    if not 8 <= len(uid) <= 40:
        raise Invalid(
            "uid", Text("缺少扫码编号，请刷新页面后重试。", "The scan has no number: reload the page and try again.")
        )
    known = session.execute(_KNOWN, {"told_uid": uid}).one_or_none()
    if known is not None:
        if known.account_id != actor.account_id:
            raise Forbidden()
        return Outcome("replay", known.wish_id, known.id)
    happened = min(scanned_at or now, now)
    held = held or (find_label(session, label, keys=keys) if label else label_of_wish(session, wish_id or 0))
    if wish_id is not None and held.wish_id != wish_id:
        raise Invalid(
            "label",
            Text("这个包裹属于另一个心愿。请核对包裹。", "This parcel belongs to another wish. Check the parcel."),
        )
    # one scan of a wish after the other: guesses are counted, and two couriers see each other
    session.execute(_TURN, {"of_wish": held.wish_id})
    held, state = label_again(session, held.id), wish_state(session, held.wish_id)
    standing = relations(actor, state.facts)
    if campaign_id is not None and state.campaign_id != campaign_id:
        raise NotFound("这个标签", "label")
    if not standing & MAY_REPORT:
        raise NotFound("这个心愿", "wish")
    contested = _overtaken(held, happened=happened, now=now) or contested
    evidence = prove(held, standing=standing, signer=signer, keys=keys, label=label, receipt=receipt, code=receipt_code)
    claim = session.execute(_HOLDING, {"of_claim": held.claim_id}).one()
    happened = min(max(happened, claim.claimed_at), now)
    counts = counts_now(session, held.claim_id)
    if claim.state == ClaimState.ENDED:
        contested = contested or "claim_ended"
    elif claim.state == ClaimState.LIVE and counts is not None:
        contested = contested or begun_again(session, held.claim_id, state.id, happened=happened)
        counts = None
    elif counts is not None and not contested:
        contested = not_theirs(session, held.claim_id, state.id, standing)
    unscanned = claim.state == ClaimState.DELIVERED and counts is None  # said to have arrived, with no scan so far
    if not contested and counts is None and not unscanned:
        contested = _try_to_arrive(
            session, state, actor=actor, now=now, happened=happened, claim_id=held.claim_id, evidence=evidence
        )
    if contested:
        verdict, code = "conflict", contested
    elif unscanned:
        verdict, code = "duplicate", ""
    elif counts is None:
        verdict, code = "confirmed", ""
    elif contradicted(session, held.claim_id, Hands(evidence, actor.account_id, device_id)):
        verdict, code = "conflict", "already_handed_over"
    else:
        verdict, code = "duplicate", ""
    if verdict != "confirmed":
        record(
            session,
            action="hand_over",
            campaign_id=state.campaign_id,
            wish_id=state.id,
            claim_id=held.claim_id,
            actor=actor,
            data={"state": verdict, "evidence": evidence, "code": code},
            occurred_at=happened,
            now=now,
        )
    made = session.execute(
        _REPORTED,
        {
            "campaign_id": state.campaign_id,
            "wish_id": state.id,
            "claim_id": held.claim_id,
            "uid": uid,
            "state": "conflict" if contested else "confirmed" if counts is None else "duplicate",
            "evidence": evidence,
            "account_id": actor.account_id,
            "device_id": device_id,
            "details": {},
            "scanned_at": happened,
            "received_at": now,
        },
    )
    made_id = int(made.scalar_one())
    if not on_record:
        told = {"confirmed": "accepted", "duplicate": "already"}.get(verdict, verdict)
        session.execute(
            sa.insert(_Scan).values(
                campaign_id=state.campaign_id, wish_id=state.id, claim_id=held.claim_id, label_id=held.id, nonce=uid,
                digest=hashlib.sha256(f"{uid} {held.id} {evidence}".encode()).digest(), action="hand_over", channel="page",
                account_id=actor.account_id, device_id=device_id, device_at=scanned_at or now, occurred_at=happened,
                recorded_at=now, outcome=told, code=code, evidence=evidence, clock="", receiver="", place="", photo=False,
                reason="",
            )
        )  # fmt: skip
    if not contested and counts is not None:
        restand(session, claim_id=held.claim_id, actor=actor, now=now)
    return Outcome(verdict, state.id, made_id, code, evidence)


def deliver_late(
    session: Session, *, wish_id: int, claim_id: int, happened: datetime, evidence: str, actor: Actor, now: datetime
) -> None:
    """A coordinator takes a scan that did not count for what it says. Raises what the move raises. Effects as of an arrival."""
    state = wish_state(session, wish_id)
    _arrive(session, state, actor=actor, now=now, happened=happened, claim_id=claim_id, evidence=evidence, settled=True)


def code_of(session: Session, wish_id: int) -> str:
    """The public code of a wish."""
    return str(session.execute(_CODE, {"of_wish": wish_id}).scalar_one())


# --- the parts --------------------------------------------------------------------------------------------------------


def _overtaken(held: Held, *, happened: datetime, now: datetime) -> str:
    """Why the label, good when it was scanned, is not good any more; empty when it is. A phone's clock is not believed so far
    that it opens what is void by now: a coordinator looks at it. Raises RevokedToken, ExpiredToken."""
    if held.voided_at is not None and held.voided_at <= happened:
        raise RevokedToken()
    if local_day(happened) > held.expires_on:
        raise ExpiredToken(expires_on=held.expires_on.isoformat())
    if held.voided_at is not None:
        return "revoked_meanwhile"
    return "expired_meanwhile" if local_day(now) > held.expires_on else ""


def _try_to_arrive(
    session: Session, state: WishState, *, actor: Actor, now: datetime, happened: datetime, claim_id: int, evidence: str
) -> str:
    """Both sides have proved it; where the wish's own stage says otherwise, a coordinator has to look. Empty when it arrived."""
    attempt = session.begin_nested()
    try:
        _arrive(session, state, actor=actor, now=now, happened=happened, claim_id=claim_id, evidence=evidence)
    except MicrowishError as error:
        attempt.rollback()
        if error.status >= 500:
            raise
        return error.code
    attempt.commit()
    return ""


def _arrive(
    session: Session,
    state: WishState,
    *,
    actor: Actor,
    now: datetime,
    happened: datetime,
    claim_id: int,
    evidence: str,
    settled: bool = False,
) -> None:
    """Move the wish to delivered. Someone who brings it without having said "bought" has bought it all the same.

    What skipped the warehouse has been looked over by two people on the spot, or a coordinator has *settled* it with a reason.
    """
    if (
        state.status is Status.CLAIMED
        and state.kind is Kind.GOODS
        and MOVES["prepare"].by & relations(actor, state.facts)
    ):
        step(session, "prepare", wish_id=state.id, actor=actor, now=now)
        state = wish_state(session, state.id)
    name = _ARRIVES_BY.get(state.status, "deliver")
    require_move(actor, MOVES[name], state.facts)
    if name == "deliver_directly" and not settled and not passed(session, state.id):
        raise ChecksMissing()
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
