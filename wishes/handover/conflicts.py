"""Scans that contradict each other, or that came too late to count: found from the record itself, settled by a coordinator.

What is in question is derived, never stored: the same set of scans gives the same matters, in whatever order they came. A
settlement names the scans it looked at; one that comes later opens the matter again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.claims.tables import Claim, ClaimState
from wishes.errors import Conflict, Invalid, NotFound
from wishes.events.actions import reason_kept, record
from wishes.handover.actions import deliver_late
from wishes.handover.standing import Hands, restand
from wishes.handover.tables import Device, HandOver, Scan, Settlement
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.model import table_of
from wishes.people.tables import Account

_SCAN, _SETTLEMENT, _HAND_OVER = table_of(Scan), table_of(Settlement), table_of(HandOver)
_WISH, _CLAIM, _DEVICE, _ACCOUNT = table_of(Wish), table_of(Claim), table_of(Device), table_of(Account)
MOST: Final = 200

WHY: Final[dict[str, Text]] = {
    "already_handed_over": Text("两台设备都登记了交接", "Two devices both handed it over"),
    "claim_ended": Text(
        "登记时认领已结束（取消、退回或换人）", "The claim had ended: cancelled, given back or taken by another"
    ),
    "revoked_meanwhile": Text("扫码之后标签换新了", "The label was replaced after the scan"),
    "expired_meanwhile": Text("扫码之后标签过期了", "The label ran out after the scan"),
    "device_revoked_meanwhile": Text("扫码之后设备被停用", "The device was switched off after the scan"),
    "before_redo": Text("扫码之后已重新办理", "The wish was started over after the scan"),
    "time_in_future": Text(
        "设备报的时间在收到之后（可能改过时间）",
        "The device tells of a time after we heard of it: its clock may have been turned",
    ),
    "time_too_early": Text(
        "设备报的时间早于包裹可能出发的时间（可能改过时间）",
        "The device tells of a time before the parcel could be on its way: its clock may have been turned",
    ),
    "came_back": Text(
        "一边说已送到，另一边之后说没送到", "One side says delivered, another says later that it was not"
    ),
    "refused_at_door": Text("收件方没有收下", "The receiving side did not take it"),
    "checks_missing": Text("没有两个人查验的记录", "No record that two people looked it over"),
    "other": Text("心愿当时的状态不能确认送达", "As the wish stood it could not be confirmed"),
}
"""Why scans of one claim are in question, in the order in which it matters."""


class ClaimOver(Conflict):
    code = "claim_over"
    title = Text("认领已结束", "The claim is over")
    sentence = Text(
        "这次认领已结束，心愿已在别人手里或已取消，不能再按这次扫码确认。请选“都不算”，再到心愿页面处理。",
        "This claim is over: the wish was cancelled or is with somebody else, so that this scan cannot count. "
        "Choose “none counts”, then act on the wish's own page.",
    )


@dataclass(frozen=True, slots=True)
class ScanSeen:
    """A scan as it stands on record, with whose it was. ``account`` and ``device`` are empty for what is gone."""

    id: int
    nonce: str
    claim_id: int | None
    action: str
    channel: str
    account_id: int | None
    account: str
    device_id: int | None
    device: str
    device_seq: int | None
    device_at: datetime
    sent_at: datetime | None
    skew_s: int | None
    clock: str
    occurred_at: datetime
    recorded_at: datetime
    outcome: str
    code: str
    evidence: str
    receiver: str
    receiver_name: bytes | None
    receiver_id: int | None
    place: str
    photo: bool
    reason: str
    digest: bytes

    @property
    def proved(self) -> bool:
        """Both sides were proved and the claim was theirs to end: one of these counts."""
        told = self.outcome in ("accepted", "already") or self.code == "already_handed_over"
        return self.action == "hand_over" and told

    @property
    def hands(self) -> Hands:
        return Hands(self.evidence, self.account_id, self.device_id)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a coordinator said. ``standing`` is the nonce that counts, empty when the scans change nothing."""

    by: str
    at: datetime
    reason: str
    standing: str
    nonces: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matter:
    """The scans of one claim, why they are in question, and what was said of it. ``standing`` is the nonce that counts now."""

    claim_id: int
    wish_code: str
    claim_live: bool
    why: tuple[str, ...]
    scans: tuple[ScanSeen, ...]
    standing: str
    settled: Settled | None

    @property
    def open(self) -> bool:
        return self.settled is None or not {scan.nonce for scan in self.scans} <= self.settled.nonces


def why(scans: Sequence[ScanSeen], standing: str) -> tuple[str, ...]:
    """Why the scans of one claim are in question, as keys of :data:`WHY`; nothing when they are not.

    *standing* is the nonce that counts. Pure, and a function of the set: their order does not matter.
    """
    found: set[str] = set()
    proved = [scan for scan in scans if scan.proved]
    if not all(one.hands.agree(two.hands) for one, two in combinations(proved, 2)):
        found.add("already_handed_over")
    found.update(
        scan.code if scan.code in WHY else "other" for scan in scans if scan.outcome == "conflict" and not scan.proved
    )
    counts = next((scan for scan in scans if scan.nonce == standing), None)
    for scan in scans:
        if scan.action == "hand_over" or scan.outcome == "refused":
            continue
        if counts is None and scan.action == "refuse":
            found.add("refused_at_door")
        elif counts is not None and scan.occurred_at > counts.occurred_at:
            found.add("came_back")
    return tuple(key for key in WHY if key in found)


def matters(session: Session, campaign_id: int, *, only_open: bool = True) -> list[Matter]:
    """What is in question in a campaign, the newest first; at most :data:`MOST`."""
    asked = (
        sa.select(_SCAN.c.claim_id)
        .where(
            _SCAN.c.campaign_id == campaign_id,
            _SCAN.c.claim_id.is_not(None),
            sa.or_(
                _SCAN.c.outcome == "conflict", sa.and_(_SCAN.c.action != "hand_over", _SCAN.c.outcome == "accepted")
            ),
        )
        .group_by(_SCAN.c.claim_id)
        .order_by(sa.func.max(_SCAN.c.id).desc())
    )
    found = matters_of(session, session.execute(asked).scalars().all())
    return [matter for matter in found if matter.why and (matter.open or not only_open)][:MOST]


def matter_of(session: Session, campaign_id: int, claim_id: int) -> Matter:
    """One claim's scans. Raises NotFound when none of the campaign's claims has this id."""
    if (
        session.execute(
            sa.select(_CLAIM.c.id).where(_CLAIM.c.id == claim_id, _CLAIM.c.campaign_id == campaign_id)
        ).first()
        is None
    ):
        raise NotFound("这次认领", "claim")
    return matters_of(session, [claim_id])[0]


def matters_of(session: Session, claim_ids: Sequence[int]) -> list[Matter]:
    """The scans of these claims (refused ones are no side of a contradiction), in the claims' order."""
    by_claim: dict[int, list[ScanSeen]] = defaultdict(list)
    for chunk in (claim_ids[start : start + 500] for start in range(0, len(claim_ids), 500)):
        for scan in scans_where(session, _SCAN.c.claim_id.in_(chunk), _SCAN.c.outcome != "refused"):
            by_claim[scan.claim_id or 0].append(scan)
    claims = _looked_up(session, claim_ids)
    made = []
    for claim_id in claim_ids:
        code, state, standing, undone, settled = claims[claim_id]
        scans = tuple(sorted(by_claim[claim_id], key=lambda scan: (scan.occurred_at, scan.nonce)))
        this_time = [scan for scan in scans if scan.nonce not in undone]
        made.append(
            Matter(claim_id, code, state == ClaimState.LIVE, why(this_time, standing), scans, standing, settled)
        )
    return made


def scans_where(session: Session, *conditions: Any) -> list[ScanSeen]:
    """Scans as they stand on record, in the order in which we heard of them."""
    columns = [_NAMES[name] if name in _NAMES else _SCAN.c[name] for name in ScanSeen.__dataclass_fields__]
    rows = session.execute(
        sa.select(*columns)
        .join(_ACCOUNT, _ACCOUNT.c.id == _SCAN.c.account_id, isouter=True)
        .join(_DEVICE, _DEVICE.c.id == _SCAN.c.device_id, isouter=True)
        .where(*conditions)
        .order_by(_SCAN.c.id)
    )
    return [ScanSeen(*row) for row in rows]


_NAMES = {"account": sa.func.coalesce(_ACCOUNT.c.name, ""), "device": sa.func.coalesce(_DEVICE.c.uid, "")}


def settle(
    session: Session, *, campaign_id: int, claim_id: int, standing: str, reason: str, actor: Actor, now: datetime
) -> None:
    """Say what the scans of a claim come to: that the one with the nonce *standing* counts, or (empty) that they change nothing.

    Raises Forbidden, NotFound, Invalid (no reason, or no such scan), ClaimOver. Effects: a settlement and an event; when a scan
    was chosen, the report that counts and the wish's ``delivered_at``, or its arrival if it was still on its way.
    """
    require(actor, "campaign.coordinate", campaign_id)
    matter = matter_of(session, campaign_id, claim_id)
    if len(reason.strip()) < 2:
        raise Invalid("reason", Text("请写明依据。", "Please say what it rests on."))
    chosen = next((scan for scan in matter.scans if scan.nonce == standing and scan.action == "hand_over"), None)
    if standing and chosen is None:
        raise Invalid("standing", Text("请选一条交接扫码。", "Choose one of the hand-over scans."))
    wish_id = session.execute(sa.select(_CLAIM.c.wish_id).where(_CLAIM.c.id == claim_id)).scalar_one()
    session.execute(
        sa.insert(_SETTLEMENT).values(
            campaign_id=campaign_id, wish_id=wish_id, claim_id=claim_id, nonces=[scan.nonce for scan in matter.scans],
            standing=standing, reason=reason_kept(reason.strip()), account_id=actor.account_id, settled_at=now,
        )
    )  # fmt: skip
    record(
        session, action="settle_scans", campaign_id=campaign_id, wish_id=wish_id, claim_id=claim_id, actor=actor, now=now,
        reason=reason.strip(), data={"scan": chosen.id if chosen else None},
    )  # fmt: skip
    if chosen is None:
        return
    state = session.execute(sa.select(_CLAIM.c.state).where(_CLAIM.c.id == claim_id)).scalar_one()
    if state == ClaimState.ENDED:
        raise ClaimOver()
    if state == ClaimState.LIVE:
        deliver_late(
            session, wish_id=wish_id, claim_id=claim_id, happened=chosen.occurred_at, evidence=chosen.evidence, actor=actor, now=now
        )  # fmt: skip
    restand(session, claim_id=claim_id, actor=actor, now=now, chosen=chosen.nonce)


def _looked_up(session: Session, claim_ids: Iterable[int]) -> dict[int, tuple[str, str, str, set[str], Settled | None]]:
    """Of each claim: its wish's code, its state, the nonce that counts, those of a time before a dispute, and the last settlement."""
    ids, found = list(claim_ids), {}
    for chunk in (ids[start : start + 500] for start in range(0, len(ids), 500)):
        standing: dict[int, str] = {}
        undone: dict[int, set[str]] = defaultdict(set)
        for claim_id, uid, counted in session.execute(
            sa.select(_HAND_OVER.c.claim_id, _HAND_OVER.c.uid, _HAND_OVER.c.state).where(
                _HAND_OVER.c.claim_id.in_(chunk)
            )
        ):
            if counted == "confirmed":
                standing[claim_id] = uid
            elif counted == "undone":
                undone[claim_id].add(uid)
        said = {
            row.claim_id: Settled(row.name or "", row.settled_at, row.reason, row.standing, frozenset(row.nonces))
            for row in session.execute(
                sa.select(_SETTLEMENT, _ACCOUNT.c.name)
                .join(_ACCOUNT, _ACCOUNT.c.id == _SETTLEMENT.c.account_id, isouter=True)
                .where(_SETTLEMENT.c.claim_id.in_(chunk))
                .order_by(_SETTLEMENT.c.id)
            )
        }
        claims = session.execute(
            sa.select(_CLAIM.c.id, _WISH.c.code, _CLAIM.c.state)
            .join(_WISH, _WISH.c.id == _CLAIM.c.wish_id)
            .where(_CLAIM.c.id.in_(chunk))
        )
        for claim_id, code, state in claims:
            found[claim_id] = (code, state, standing.get(claim_id, ""), undone[claim_id], said.get(claim_id))
    return found
