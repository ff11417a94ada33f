"""Telling those who must act: a campaign's administrators and the site's, as notices."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Role
from wishes.campaigns.tables import Campaign
from wishes.model import table_of
from wishes.people.tables import Account, RoleGrant
from wishes.tracking.notices import Posting, post

_GRANT, _ACCOUNT, _CAMPAIGN = table_of(RoleGrant), table_of(Account), table_of(Campaign)


def tell_managers(
    session: Session, kind: str, *, key: str, campaign_id: int | None, now: datetime, but: int | None = None
) -> int:
    """Post a notice of *kind* to each administrator, once per *key*; answers to how many. *but*: who knows already.

    Of no campaign: the site's administrators, in the newest campaign there is.
    """
    where = campaign_id or session.execute(sa.select(sa.func.max(_CAMPAIGN.c.id))).scalar()
    if where is None:
        return 0
    mine = _GRANT.c.campaign_id.is_(None)
    accounts = session.execute(
        sa.select(_GRANT.c.account_id)
        .distinct()
        .join(_ACCOUNT, _ACCOUNT.c.id == _GRANT.c.account_id)
        .where(
            _ACCOUNT.c.active,
            _GRANT.c.role.in_([Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN]),
            mine if campaign_id is None else sa.or_(mine, _GRANT.c.campaign_id == campaign_id),
        )
    ).scalars()
    told = [Posting(f"{kind}:{key}:{account}", where, kind, account) for account in sorted(accounts) if account != but]
    post(session, told, now=now)
    return len(told)
