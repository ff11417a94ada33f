"""One sign-in for every role of the demonstration."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import ROLE_LABEL, Role
from wishes.claims.tables import Volunteer
from wishes.intake.tables import Wish
from wishes.lifecycle import HELD, Status
from wishes.model import columns
from wishes.people.actions import create_account, grant_role, set_password
from wishes.people.queries import account_by_login

_Volunteer, _Wish = columns(Volunteer), columns(Wish)
_WAITING = (Status.PROPOSED, Status.OPEN, *HELD, Status.DELIVERED)
_MOST_STEPS = (sa.func.count(sa.distinct(_Wish.status)).desc(), sa.func.count(_Wish.id).desc())
_NAMES = {
    Role.COORDINATOR: "演示协调员",
    Role.SOCIAL_WORKER: "演示社工",
    Role.BRANCH_SECRETARY: "演示支部书记",
    Role.VOLUNTEER: "演示志愿者",
    Role.INSPECTOR: "演示质检员",
    Role.COURIER: "演示配送员",
    Role.AUDITOR: "演示审计员",
    Role.CAMPAIGN_ADMIN: "演示管理员",
    Role.SITE_ADMIN: "演示系统管理员",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """What is printed for one role."""

    role: str
    login: str
    password: str
    account_id: int


def demo_sign_ins(session: Session, *, campaign_id: int, now: datetime) -> list[SignIn]:
    """Make the demonstration's accounts on first use, and give each a new password. They belong to the community, branch and
    volunteer with wishes at the most steps, so that every page has something on it."""
    busy = {
        Role.SOCIAL_WORKER: {"community_id": _busiest(session, campaign_id, _Wish.community_id)},
        Role.BRANCH_SECRETARY: {"branch_id": _busiest(session, campaign_id, _Wish.taker_branch_id)},
        Role.VOLUNTEER: {"volunteer_id": _volunteer(session, campaign_id)},
    }
    made = []
    for role, name in _NAMES.items():
        login, password = f"demo-{role.value.replace('_', '-')}", secrets.token_urlsafe(9)
        account_id = account_by_login(session, login)
        if account_id is None:
            account_id = create_account(session, login=login, name=name, password=password, now=now)
            where = None if role is Role.SITE_ADMIN else campaign_id
            grant_role(session, account_id=account_id, role=role, campaign_id=where, now=now, **busy.get(role, {}))
        else:
            set_password(session, account_id=account_id, password=password, now=now)
        made.append(SignIn(ROLE_LABEL[role].en, login, password, account_id))
    return made


def _busiest(session: Session, campaign_id: int, column: Any) -> int | None:
    """The community or branch with wishes that wait for somebody at the most steps; of those, with the most."""
    found = session.execute(
        sa.select(column)
        .where(_Wish.campaign_id == campaign_id, _Wish.status.in_(_WAITING), column.is_not(None))
        .group_by(column)
        .order_by(*_MOST_STEPS, column)
    ).first()
    return found[0] if found else None


def _volunteer(session: Session, campaign_id: int) -> int | None:
    """Somebody with wishes at the most steps, and of those with the most, who has room for more; else anybody active."""
    found = session.execute(
        sa.select(_Volunteer.id)
        .outerjoin(_Wish, sa.and_(_Wish.taker_volunteer_id == _Volunteer.id, _Wish.status.in_(_WAITING)))
        .where(
            _Volunteer.campaign_id == campaign_id, _Volunteer.active, _Volunteer.claim_limit > _Volunteer.live_claims
        )
        .group_by(_Volunteer.id)
        .order_by(*_MOST_STEPS, _Volunteer.id)
    ).first()
    return found[0] if found else None
