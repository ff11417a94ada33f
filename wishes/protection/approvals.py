"""Access to identities beyond standing duty: asked for with a purpose and a time, decided by another person, ending by itself.

Source: Regulations on the Protection of Minors in Cyberspace art. 36.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, may_see_identity, require
from wishes.errors import Conflict, Forbidden, Invalid, NotFound
from wishes.i18n import Text
from wishes.intake.sealing import open_identity
from wishes.intake.tables import Child, Community
from wishes.model import table_of
from wishes.people.tables import Account
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring
from wishes.protection.managers import tell_managers
from wishes.protection.tables import IdentityAccess
from wishes.protection.vault import JsonValue, Vault
from wishes.tracking.notices import Posting, post

_ACCESS, _CHILD, _COMMUNITY, _ACCOUNT = (
    table_of(IdentityAccess), table_of(Child), table_of(Community), table_of(Account),
)  # fmt: skip
LONGEST_HOURS = 31 * 24
SHORTEST_PURPOSE = 5


class AlreadyDecided(Conflict):
    code = "already_decided"
    title = Text("已经处理过", "Decided already")
    sentence = Text("这个申请已经处理过了。", "This request was decided already.")


class OwnRequest(Forbidden):
    code = "own_request"
    sentence = Text(
        "不能审批自己的申请，请另一位管理员处理。", "Nobody decides on their own request: ask another administrator."
    )


class ApprovalNeeded(Forbidden):
    code = "approval_needed"
    title = Text("需要批准", "An approval is needed")
    sentence = Text(
        "查看这名儿童的身份信息须先申请，由项目管理员批准。",
        "To see who this child is, ask first; a campaign administrator approves.",
    )


@dataclass(frozen=True, slots=True)
class Request:
    """One request as pages list it. ``state`` is asked, live, refused or over."""

    id: int
    account_id: int
    who: str
    community: str
    alias: str
    purpose: str
    hours: int
    asked_at: datetime
    state: str
    answer: str
    decided_by: str
    expires_at: datetime | None


def ask_access(
    session: Session,
    *,
    campaign_id: int,
    purpose: str,
    hours: int,
    actor: Actor,
    now: datetime,
    community_id: int | None = None,
    child_id: int | None = None,
) -> int:
    """Ask to see identities of one child, one community, or (neither given) the campaign; answers the request's id.

    Raises Forbidden, Invalid, NotFound (community or child of another campaign).
    """
    require(actor, "identities.ask", campaign_id)
    if actor.account_id is None:
        raise Forbidden(action="ask_access")
    if len(purpose.strip()) < SHORTEST_PURPOSE:
        raise Invalid("purpose", Text("请写明目的。", "Please give the purpose."))
    if not 1 <= hours <= LONGEST_HOURS:
        raise Invalid("hours", Text("时长为 1 小时到 31 天。", "Between an hour and 31 days."))
    for table, row_id in ((_COMMUNITY, community_id), (_CHILD, child_id)):
        if row_id is not None:
            owner = session.execute(sa.select(table.c.campaign_id).where(table.c.id == row_id)).scalar()
            if owner != campaign_id:
                raise NotFound()
    made = session.execute(
        sa.insert(_ACCESS)
        .values(
            campaign_id=campaign_id, account_id=actor.account_id, community_id=community_id, child_id=child_id,
            purpose=purpose.strip()[:200], hours=hours, asked_at=now, approved=False, answer="",
        )
        .returning(_ACCESS.c.id)
    ).scalar_one()  # fmt: skip
    note(
        session, "ask_access", actor=actor, now=now, campaign_id=campaign_id, child_id=child_id, access_id=int(made),
        reason=purpose, data={"hours": hours, "community_id": community_id},
    )  # fmt: skip
    tell_managers(session, "access_asked", key=str(made), campaign_id=campaign_id, now=now, but=actor.account_id)
    return int(made)


def decide_access(
    session: Session, *, access_id: int, approve: bool, answer: str = "", actor: Actor, now: datetime
) -> None:
    """Approve or refuse a request; an approval ends by itself after the hours asked for.

    Raises NotFound, Forbidden, OwnRequest, AlreadyDecided, Invalid (a refusal without a reason).
    """
    row = session.execute(sa.select(_ACCESS).where(_ACCESS.c.id == access_id)).one_or_none()
    if row is None:
        raise NotFound("这个申请", "request")
    require(actor, "identities.approve", row.campaign_id)
    if actor.account_id is None or actor.account_id == row.account_id:
        raise OwnRequest()
    if not approve and not answer.strip():
        raise Invalid("answer", Text("不批准请写明原因。", "Please say why it is refused."))
    decided = session.execute(
        sa.update(_ACCESS)
        .where(_ACCESS.c.id == access_id, _ACCESS.c.decided_at.is_(None), _ACCESS.c.ended_at.is_(None))
        .values(
            approved=approve, decided_by=actor.account_id, decided_at=now, answer=answer.strip()[:200],
            expires_at=now + timedelta(hours=row.hours) if approve else None,
        )
    )  # fmt: skip
    if decided.rowcount != 1:  # type: ignore[attr-defined]
        raise AlreadyDecided()
    note(
        session, "decide_access", actor=actor, now=now, campaign_id=row.campaign_id, child_id=row.child_id,
        access_id=access_id, reason=answer, data={"approved": approve, "for": row.account_id},
    )  # fmt: skip
    told = Posting(f"access_decided:{access_id}", row.campaign_id, "access_decided", row.account_id)
    post(session, [told], now=now)


def end_access(session: Session, *, access_id: int, actor: Actor, now: datetime) -> None:
    """End a request or an approval before its time: who has it, or who could approve it. Ending again changes nothing."""
    row = session.execute(sa.select(_ACCESS).where(_ACCESS.c.id == access_id)).one_or_none()
    if row is None:
        raise NotFound("这个申请", "request")
    if row.account_id != actor.account_id:
        require(actor, "identities.approve", row.campaign_id)
    ended = session.execute(
        sa.update(_ACCESS).where(_ACCESS.c.id == access_id, _ACCESS.c.ended_at.is_(None)).values(ended_at=now)
    )
    if ended.rowcount:  # type: ignore[attr-defined]
        note(session, "end_access", actor=actor, now=now, campaign_id=row.campaign_id, access_id=access_id)


def live_access(session: Session, *, account_id: int | None, child_id: int, now: datetime) -> int | None:
    """The approval under which this account may see the child now; None when there is none."""
    found = session.execute(
        sa.select(_ACCESS.c.id)
        .join(_CHILD, _CHILD.c.campaign_id == _ACCESS.c.campaign_id)
        .where(
            _CHILD.c.id == child_id,
            _ACCESS.c.account_id == account_id,
            _ACCESS.c.approved,
            _ACCESS.c.expires_at > now,
            _ACCESS.c.ended_at.is_(None),
            sa.or_(_ACCESS.c.child_id.is_(None), _ACCESS.c.child_id == _CHILD.c.id),
            sa.or_(_ACCESS.c.community_id.is_(None), _ACCESS.c.community_id == _CHILD.c.community_id),
        )
        .order_by(_ACCESS.c.id.desc())
    ).scalar()
    return None if found is None else int(found)


def requests_of(session: Session, campaign_id: int, *, now: datetime, account_id: int | None = None) -> list[Request]:
    """The campaign's requests, or one person's; those that wait first, then the newest."""
    decider = _ACCOUNT.alias("decider")
    query: Any = (
        sa.select(
            _ACCESS, _ACCOUNT.c.name.label("who"), decider.c.name.label("by"), _COMMUNITY.c.name.label("community"),
            _CHILD.c.alias,
        )
        .join(_ACCOUNT, _ACCOUNT.c.id == _ACCESS.c.account_id)
        .outerjoin(decider, decider.c.id == _ACCESS.c.decided_by)
        .outerjoin(_COMMUNITY, _COMMUNITY.c.id == _ACCESS.c.community_id)
        .outerjoin(_CHILD, _CHILD.c.id == _ACCESS.c.child_id)
        .where(_ACCESS.c.campaign_id == campaign_id)
        .order_by(_ACCESS.c.decided_at.is_not(None), _ACCESS.c.id.desc())
        .limit(200)
    )  # fmt: skip
    if account_id is not None:
        query = query.where(_ACCESS.c.account_id == account_id)
    return [
        Request(
            row.id, row.account_id, row.who, row.community or "", row.alias or "", row.purpose, row.hours, row.asked_at,
            _state(row, now), row.answer, row.by or "", row.expires_at,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def _state(row: Any, now: datetime) -> str:
    if row.ended_at is not None:
        return "over"
    if row.decided_at is None:
        return "asked"
    if not row.approved:
        return "refused"
    return "live" if row.expires_at > now else "over"


def see_identity(
    session: Session,
    *,
    child_id: int,
    reason: str,
    keyring: Keyring,
    actor: Actor,
    now: datetime,
    wish_id: int | None = None,
) -> dict[str, JsonValue]:
    """Who the child is, for who may know: its community's social worker, or who holds an approval. Every look is recorded.

    Answers as :func:`wishes.intake.sealing.open_identity`. Raises NotFound, ApprovalNeeded, Invalid (no reason), Erased.
    """
    row = session.execute(
        sa.select(_CHILD.c.campaign_id, _CHILD.c.community_id, _CHILD.c.data_key, _CHILD.c.identity).where(
            _CHILD.c.id == child_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("这名儿童", "child")
    approval = live_access(session, account_id=actor.account_id, child_id=child_id, now=now)
    if not may_see_identity(actor, row.campaign_id, row.community_id, approved=approval is not None):
        raise ApprovalNeeded()
    if len(reason.strip()) < 2:
        raise Invalid("reason", Text("请写明为什么查看。", "Please say why you look."))
    identity = open_identity(Vault(keyring), child_id, row.data_key, row.identity)
    note(
        session, "look", actor=actor, now=now, campaign_id=row.campaign_id, child_id=child_id, wish_id=wish_id,
        access_id=approval, fields=sorted(identity), reason=reason,
    )  # fmt: skip
    return identity
