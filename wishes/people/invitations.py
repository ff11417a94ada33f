"""Joining a branch by a link or its QR code: it runs out, serves so many people, and can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may
from wishes.claims.tables import Branch, Volunteer
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.model import columns
from wishes.people.actions import grant_role
from wishes.people.tables import Invitation, RoleGrant
from wishes.protection.passwords import new_secret, secret_digest

_Branch, _Invitation, _RoleGrant, _Volunteer = (
    columns(Branch),
    columns(Invitation),
    columns(RoleGrant),
    columns(Volunteer),
)
MOST_USES = 200
MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """An invitation that is good, or was."""

    id: int
    campaign_id: int
    branch_id: int
    branch: str
    used: int
    uses_left: int
    expires_at: datetime


_STANDING = sa.select(
    _Invitation.id,
    _Invitation.campaign_id,
    _Invitation.branch_id,
    _Branch.name,
    _Invitation.used,
    _Invitation.uses_left,
    _Invitation.expires_at,
).join(Branch, _Branch.id == _Invitation.branch_id)


def branches_to_invite_for(session: Session, actor: Actor, campaign_id: int) -> list[tuple[int, str]]:
    """Id and name of the branches this person may invite members for: their own, or all for who coordinates. Raises Forbidden."""
    query = sa.select(_Branch.id, _Branch.name).where(_Branch.campaign_id == campaign_id).order_by(_Branch.name)
    if not may(actor, "campaign.coordinate", campaign_id):
        mine = actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")
        if not mine:
            raise Forbidden()
        query = query.where(_Branch.id.in_(mine))
    return [(int(row.id), str(row.name)) for row in session.execute(query)]


def invite(
    session: Session, *, campaign_id: int, branch_id: int, uses: int, days: int, actor: Actor, now: datetime
) -> str:
    """Make an invitation and answer its secret, once. Raises Forbidden, NotFound (not a branch of theirs), Invalid."""
    if branch_id not in {number for number, _ in branches_to_invite_for(session, actor, campaign_id)}:
        raise NotFound("这个支部", "branch")
    if not 1 <= uses <= MOST_USES:
        raise Invalid("uses", Text("人数请填 1 到 {most}。", "Between 1 and {most} people."), most=MOST_USES)
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("days", Text("天数请填 1 到 {most}。", "Between 1 and {most} days."), most=MOST_DAYS)
    secret = new_secret()
    session.execute(
        sa.insert(_Invitation).values(
            campaign_id=campaign_id,
            branch_id=branch_id,
            secret_hash=secret_digest(secret),
            uses_left=uses,
            used=0,
            created_by=actor.account_id,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    record(session, action="invite", campaign_id=campaign_id, now=now, actor=actor, data={"branch_id": branch_id})
    return secret


def standing(session: Session, actor: Actor, campaign_id: int, *, now: datetime) -> list[Standing]:
    """The invitations that are good now, of the branches this person may invite for. Raises Forbidden."""
    mine = [number for number, _ in branches_to_invite_for(session, actor, campaign_id)]
    rows = session.execute(
        _STANDING.where(
            _Invitation.branch_id.in_(mine),
            _Invitation.revoked_at.is_(None),
            _Invitation.expires_at > now,
            _Invitation.uses_left > 0,
        ).order_by(_Invitation.id.desc())
    )
    return [Standing(*row) for row in rows]


def take_back(session: Session, *, invitation_id: int, campaign_id: int, actor: Actor, now: datetime) -> None:
    """End an invitation. Raises NotFound, also for one of another's branch."""
    mine = [number for number, _ in branches_to_invite_for(session, actor, campaign_id)]
    done = session.execute(
        sa.update(_Invitation)
        .where(
            _Invitation.id == invitation_id,
            _Invitation.campaign_id == campaign_id,
            _Invitation.branch_id.in_(mine),
            _Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("这个邀请", "invitation")


def invitation_of(session: Session, secret: str, *, now: datetime) -> Standing:
    """The invitation behind a link. Raises NotFound when it is unknown, used up, taken back or too old: all alike."""
    row = session.execute(
        _STANDING.where(
            _Invitation.secret_hash == secret_digest(secret),
            _Invitation.revoked_at.is_(None),
            _Invitation.expires_at > now,
            _Invitation.uses_left > 0,
        )
    ).one_or_none()
    if row is None:
        raise NotFound("这个邀请（可能已用完或过期）", "invitation; it may be used up or too old")
    return Standing(*row)


def join(session: Session, *, secret: str, account_id: int, name: str, phone: str, now: datetime) -> Standing:
    """Make an account a member of the invitation's branch. Joining again changes nothing and uses nothing.

    Raises NotFound as :func:`invitation_of`. Effects: a volunteer of the branch, whose role the account gets. A member still has to be
    vetted before a wish that means meeting a child is proposed to them.
    """
    found = invitation_of(session, secret, now=now)
    already = session.execute(
        sa.select(_RoleGrant.id)
        .join(Volunteer, _Volunteer.id == _RoleGrant.volunteer_id)
        .where(_RoleGrant.account_id == account_id, _Volunteer.branch_id == found.branch_id)
    ).first()
    if already:
        return found
    taken = session.execute(
        sa.update(_Invitation)
        .where(
            _Invitation.id == found.id,
            _Invitation.uses_left > 0,
            _Invitation.revoked_at.is_(None),
            _Invitation.expires_at > now,
        )
        .values(uses_left=_Invitation.uses_left - 1, used=_Invitation.used + 1)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("这个邀请（可能已用完或过期）", "invitation; it may be used up or too old")
    row = Volunteer(
        campaign_id=found.campaign_id,
        branch_id=found.branch_id,
        code=f"J{account_id:05d}",
        name=name[:60],
        phone=phone[:20],
        created_at=now,
    )
    session.add(row)
    session.flush()
    grant_role(
        session,
        account_id=account_id,
        role=Role.VOLUNTEER,
        campaign_id=found.campaign_id,
        volunteer_id=row.id,
        now=now,
    )
    record(
        session,
        action="join",
        campaign_id=found.campaign_id,
        now=now,
        actor=Actor(account_id, name),
        data={"branch_id": found.branch_id},
    )
    return found
