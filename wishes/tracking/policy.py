"""The deadlines and ladders of a campaign, changed as a whole: open clocks follow at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.campaigns.rules import Deadline, Rules
from wishes.campaigns.tables import Campaign
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.model import columns
from wishes.tracking.actions import Recomputed, recompute_clocks

_Campaign = columns(Campaign)

TIMED: tuple[Status, ...] = (
    Status.SUBMITTED,
    Status.VERIFIED,
    Status.PROPOSED,
    Status.CLAIMED,
    Status.SCHEDULED,
    Status.READY,
    Status.INSPECTED,
    Status.IN_TRANSIT,
    Status.DELIVERED,
)
"""The stages that may have a deadline, in the order of the way."""
RELEASED_FROM = (Status.PROPOSED, Status.CLAIMED, Status.SCHEDULED)
"""Where a ladder may end by giving the wish back to the pool; later the goods are bought already."""
MOST_RUNGS = 6


def set_deadlines(
    session: Session, *, campaign_id: int, deadlines: Mapping[Status, Deadline], actor: Actor, now: datetime
) -> Recomputed:
    """Replace the campaign's deadlines; a stage left out has none. Answers how many open clocks moved, and how many began.

    Raises Forbidden, Invalid (a release where nothing can be released, steps out of order). Effects: the rules, clocks, an event.
    """
    require(actor, "campaign.coordinate", campaign_id)
    for stage, deadline in deadlines.items():
        _check(stage, deadline)
    kept = session.execute(sa.select(_Campaign.rules).where(_Campaign.id == campaign_id).with_for_update()).scalar_one()
    rules = {
        **kept,
        "deadlines": {str(stage): deadline.model_dump(mode="json") for stage, deadline in deadlines.items()},
    }
    try:
        Rules.model_validate(rules)
    except ValidationError as error:
        raise Invalid(
            "deadlines", Text("时限设置不完整，请检查。", "The deadlines are not complete; please check.")
        ) from error
    session.execute(
        sa.update(_Campaign)
        .where(_Campaign.id == campaign_id)
        .values(rules=rules)
        .execution_options(synchronize_session=False)
    )
    done = recompute_clocks(session, campaign_id=campaign_id, now=now)
    record(
        session,
        action="set_deadlines",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"stages": sorted(map(str, deadlines)), "moved": done.moved, "opened": done.opened},
    )
    return done


def _check(stage: Status, deadline: Deadline) -> None:
    name = STATUS_LABEL[stage]
    hours = [step.hours for step in deadline.ladder]
    if stage not in TIMED:
        raise Invalid(
            "deadlines", Text("“{zh}”不设时限。", "The stage “{en}” has no deadline."), zh=name.zh, en=name.en
        )
    if hours != sorted(hours):
        raise Invalid(
            f"kind-{stage}-0",
            Text("“{zh}”的步骤要按时间先后排列。", "The steps of “{en}” must stand in the order of their times."),
            zh=name.zh,
            en=name.en,
        )
    if stage not in RELEASED_FROM and any(step.kind == "release" for step in deadline.ladder):
        raise Invalid(
            f"kind-{stage}-0",
            Text(
                "“{zh}”时物品已经买好，不能自动释放；请改为上报。",
                "In “{en}” the goods are bought already and nothing can be released; escalate instead.",
            ),
            zh=name.zh,
            en=name.en,
        )
