"""The way back for whoever lost password or second step: a code to the registered address, and nothing that can be talked about.

An account that sees identities or administers needs a second administrator's agreement, too, and then has to set its second step up
anew. Nobody agrees to their own. There are no security questions. Source: OWASP ASVS 5.0 6.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role
from wishes.errors import NotFound
from wishes.model import columns
from wishes.people.actions import revoke_tokens, set_password
from wishes.people.connections import disconnect_all
from wishes.people.queries import actor_of_account
from wishes.people.second_step import sees_identities, switch_off
from wishes.people.tables import Account, Recovery, RoleGrant
from wishes.protection import passwords
from wishes.protection.entries import note

_Account, _Recovery, _RoleGrant = columns(Account), columns(Recovery), columns(RoleGrant)
GOOD_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recovery that waits for agreement."""

    id: int
    account_id: int
    name: str
    login: str
    asked_at: datetime


def refuse_unusable(password: str) -> None:
    """Raise WeakPassword before a code is spent on it."""
    passwords.refuse_weak(password)


def recover(session: Session, *, account_id: int, password: str, now: datetime) -> bool:
    """Set the new *password* of an account whose registered address is proved; False: it waits for a second person's agreement.

    Effects: every browser is signed out, tokens and connections to WeChat and WeCom end; a recovery that was agreed to is spent and
    switches the second step off. Raises WeakPassword.
    """
    if sees_identities(actor_of_account(session, account_id)):
        agreed = session.execute(
            sa.update(_Recovery)
            .where(
                _Recovery.account_id == account_id,
                _Recovery.approved_at.is_not(None),
                _Recovery.ended_at.is_(None),
                _Recovery.expires_at > now,
            )
            .values(ended_at=now)
        )
        if agreed.rowcount == 0:  # type: ignore[attr-defined]
            _ask(session, account_id, now)
            return False
        switch_off(session, account_id=account_id, now=now, actor=Actor(account_id))
    # whoever had a hand on the account has none any more
    disconnect_all(session, account_id=account_id, now=now, actor=Actor(account_id))
    revoke_tokens(session, account_id=account_id, now=now, actor=Actor(account_id))
    set_password(session, account_id=account_id, password=password, now=now, actor=Actor(account_id))
    note(session, "recover", actor=Actor(account_id), now=now, account_id=account_id)
    return True


def _ask(session: Session, account_id: int, now: datetime) -> None:
    waits = session.execute(
        sa.select(_Recovery.id).where(
            _Recovery.account_id == account_id, _Recovery.ended_at.is_(None), _Recovery.expires_at > now
        )
    ).first()
    if waits is None:
        session.execute(sa.insert(_Recovery).values(account_id=account_id, asked_at=now, expires_at=now + GOOD_FOR))
        note(session, "ask_recovery", actor=Actor(account_id), now=now, account_id=account_id)


def _may_decide(actor: Actor) -> sa.ColumnElement[bool]:
    """Accounts this administrator answers for: all for the site's, those with roles only in their own campaigns for a campaign's."""
    if any(grant.role is Role.SITE_ADMIN for grant in actor.grants):
        return sa.true()
    mine = [grant.campaign_id for grant in actor.grants if grant.role is Role.CAMPAIGN_ADMIN]
    elsewhere = sa.select(_RoleGrant.id).where(
        _RoleGrant.account_id == _Recovery.account_id,
        sa.or_(
            _RoleGrant.campaign_id.is_(None),
            _RoleGrant.campaign_id.not_in(mine),
            _RoleGrant.role == Role.SITE_ADMIN,
        ),
    )
    return ~elsewhere.exists()


def waiting_for(session: Session, actor: Actor, *, now: datetime) -> list[Waiting]:
    """The recoveries this administrator may decide on; never their own."""
    rows = session.execute(
        sa.select(_Recovery.id, _Recovery.account_id, _Account.name, _Account.login, _Recovery.asked_at)
        .join(Account, _Account.id == _Recovery.account_id)
        .where(
            _Recovery.approved_at.is_(None),
            _Recovery.ended_at.is_(None),
            _Recovery.expires_at > now,
            _Recovery.account_id != actor.account_id,
            _may_decide(actor),
        )
        .order_by(_Recovery.id)
    )
    return [Waiting(*row) for row in rows]


def decide(session: Session, *, recovery_id: int, approved: bool, actor: Actor, now: datetime) -> None:
    """Agree to a recovery, or refuse it. Raises NotFound, also for one's own and for one that is not this administrator's."""
    decided = session.execute(
        sa.update(_Recovery)
        .where(
            _Recovery.id == recovery_id,
            _Recovery.approved_at.is_(None),
            _Recovery.ended_at.is_(None),
            _Recovery.expires_at > now,
            _Recovery.account_id != actor.account_id,
            _may_decide(actor),
        )
        .values(**({"approved_by": actor.account_id, "approved_at": now} if approved else {"ended_at": now}))
        .returning(_Recovery.account_id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if decided is None:
        raise NotFound("这个申请", "request")
    note(session, "decide_recovery", actor=actor, now=now, account_id=int(decided), data={"approved": approved})
