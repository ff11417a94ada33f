"""Checks that run out: volunteers are asked in time to renew theirs. Who lets it pass is refused by the claim itself.

Source: Law on the Protection of Minors art. 62 (checked at the start and again every year).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from wishes.campaigns.queries import rules_of
from wishes.campaigns.tables import Campaign
from wishes.claims.tables import Volunteer
from wishes.clock import local_day
from wishes.db import Database
from wishes.model import columns
from wishes.tracking.directory import Audience, Concerned, Directory
from wishes.tracking.notices import Posting, post

_Campaign, _Volunteer = columns(Campaign), columns(Volunteer)


def remind_of_checks(database: Database, *, now: datetime) -> int:
    """Tell every active volunteer whose check runs out soon, their branch's secretary too, once per check; answers how many.

    Repeat it as often as you like. Campaigns that are closed or replayed are left alone. Effects: notices.
    """
    today, told = local_day(now), 0
    with database.transaction() as session:
        for campaign_id in (
            session.execute(sa.select(_Campaign.id).where(_Campaign.closed_at.is_(None))).scalars().all()
        ):
            rules = rules_of(session, campaign_id)
            if rules.vetting_day(today) != today:
                continue
            lasts = timedelta(days=rules.vetting_days)
            since, until = today - lasts, today - lasts + timedelta(days=rules.vetting_reminder_days)
            rows = session.execute(
                sa.select(_Volunteer.id, _Volunteer.branch_id, _Volunteer.vetted_on).where(
                    _Volunteer.campaign_id == campaign_id,
                    _Volunteer.active,
                    _Volunteer.vetted_on > since,
                    _Volunteer.vetted_on <= until,
                )
            ).all()
            concerned = {row.id: Concerned(campaign_id, None, row.id, row.branch_id) for row in rows}
            directory = Directory(session, concerned.values())
            postings = [
                Posting(
                    f"vetting:{row.id}:{row.vetted_on.isoformat()}:{account}",
                    campaign_id,
                    "vetting",
                    account,
                    facts={"due_on": (row.vetted_on + lasts).isoformat()},
                )
                for row in rows
                for account in sorted(
                    directory.accounts(Audience.TAKER, concerned[row.id])
                    | directory.accounts(Audience.SECRETARY, concerned[row.id])
                )
            ]
            post(session, postings, now=now)
            told += len(rows)
    return told
