"""Who is concerned by a wish, as accounts: read from the role grants, for many wishes at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Role
from wishes.model import columns
from wishes.people.tables import Account, RoleGrant

_Account = columns(Account)
_RoleGrant = columns(RoleGrant)


class Audience(StrEnum):
    TAKER = "taker"  # who holds the wish or was offered it: the volunteer, else their branch's secretary
    SECRETARY = "secretary"
    COMMUNITY = "community"
    INSPECTORS = "inspectors"
    COURIERS = "couriers"
    COORDINATORS = "coordinators"


@dataclass(frozen=True, slots=True)
class Concerned:
    """The ids by which a wish leads to people."""

    campaign_id: int
    community_id: int | None = None
    volunteer_id: int | None = None
    branch_id: int | None = None


_CAMPAIGN_WIDE = {
    Audience.INSPECTORS: Role.INSPECTOR,
    Audience.COURIERS: Role.COURIER,
    Audience.COORDINATORS: Role.COORDINATOR,
}


class Directory:
    """The accounts behind a batch of wishes. Four queries, however many wishes."""

    def __init__(self, session: Session, concerned: Iterable[Concerned]) -> None:
        wanted = set(concerned)
        self._volunteers = _accounts(session, Role.VOLUNTEER, _RoleGrant.volunteer_id, {c.volunteer_id for c in wanted})
        self._branches = _accounts(session, Role.BRANCH_SECRETARY, _RoleGrant.branch_id, {c.branch_id for c in wanted})
        self._communities = _accounts(
            session, Role.SOCIAL_WORKER, _RoleGrant.community_id, {c.community_id for c in wanted}
        )
        self._campaigns = _campaign_accounts(session, {c.campaign_id for c in wanted})

    def accounts(self, audience: Audience, of: Concerned) -> frozenset[int]:
        """The account ids; empty when nobody of that kind can sign in. Inspectors and couriers fall back on coordinators."""
        if audience is Audience.TAKER:
            return self._volunteers.get(of.volunteer_id, _NOBODY) or self._branches.get(of.branch_id, _NOBODY)
        if audience is Audience.SECRETARY:
            return self._branches.get(of.branch_id, _NOBODY)
        if audience is Audience.COMMUNITY:
            return self._communities.get(of.community_id, _NOBODY)
        found = self._campaign(of.campaign_id, _CAMPAIGN_WIDE[audience])
        return (
            found
            or self._campaign(of.campaign_id, Role.COORDINATOR)
            or self._campaign(of.campaign_id, Role.CAMPAIGN_ADMIN)
        )

    def _campaign(self, campaign_id: int, role: Role) -> frozenset[int]:
        return self._campaigns.get((campaign_id, role), _NOBODY) | self._campaigns.get((None, role), _NOBODY)


_NOBODY: frozenset[int] = frozenset()


def _accounts(session: Session, role: Role, column: Any, ids: set[int | None]) -> dict[int | None, frozenset[int]]:
    ids = ids - {None}
    if not ids:
        return {}
    rows = session.execute(
        sa.select(column, _RoleGrant.account_id)
        .join(Account, _Account.id == _RoleGrant.account_id)
        .where(_RoleGrant.role == role, _Account.active, column.in_(ids))
    )
    return _grouped(rows)


def _campaign_accounts(session: Session, campaigns: set[int]) -> dict[Any, frozenset[int]]:
    roles = (*_CAMPAIGN_WIDE.values(), Role.CAMPAIGN_ADMIN)
    rows = session.execute(
        sa.select(_RoleGrant.campaign_id, _RoleGrant.role, _RoleGrant.account_id)
        .join(Account, _Account.id == _RoleGrant.account_id)
        .where(
            _Account.active,
            _RoleGrant.role.in_(roles),
            sa.or_(_RoleGrant.campaign_id.in_(campaigns), _RoleGrant.campaign_id.is_(None)),
        )
    )
    return _grouped(((campaign_id, role), account_id) for campaign_id, role, account_id in rows)


def _grouped(pairs: Iterable[Any]) -> dict[Any, frozenset[int]]:
    found: defaultdict[Any, set[int]] = defaultdict(set)
    for key, account_id in pairs:
        found[key].add(account_id)
    return {key: frozenset(accounts) for key, accounts in found.items()}
