"""The deadlines and ladders of a campaign, changed as a whole: open clocks follow at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.campaigns.rules import Calendar, Deadline, KeyDate, OwnDeadline, Rules
from wishes.campaigns.tables import Campaign
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.tables import Community
from wishes.lifecycle import STATUS_LABEL, TERMINAL, Status
from wishes.model import columns
from wishes.tracking.actions import Recomputed, recompute_clocks
from wishes.tracking.deadlines import key_day

_Campaign, _Community = columns(Campaign), columns(Community)

TIMED: tuple[Status, ...] = tuple(stage for stage in Status if stage not in TERMINAL)
"""The stages that may have a deadline, in the order of the way."""
RELEASED_FROM = (Status.PROPOSED, Status.CLAIMED, Status.SCHEDULED)
"""Where a ladder may end by giving the wish back to the pool; later the goods are bought already."""
RESERVED_FROM = (Status.OPEN, Status.PROPOSED, Status.CLAIMED)
"""Where a ladder may end with the reserve taking the wish."""
OWN_STAGES = tuple(stage for stage in TIMED if stage is not Status.PROPOSED)
"""Stages in which a category or community may have days of its own; a proposal's window is the same for all."""
MOST_RUNGS = 6
MOST_OWN, MOST_KEY_DATES, MOST_CALENDAR_DAYS = 60, 12, 200


def set_deadlines(
    session: Session,
    *,
    campaign_id: int,
    deadlines: Mapping[Status, Deadline],
    actor: Actor,
    now: datetime,
    own: Sequence[OwnDeadline] | None = None,
    key_dates: Sequence[KeyDate] | None = None,
    calendar: Calendar | None = None,
) -> Recomputed:
    """Replace the campaign's deadlines; a stage left out has none. Answers how many open clocks moved, and how many began.

    *own* are those of single categories and communities, *key_dates* the days before which delays get shorter, *calendar* what the
    holiday library does not know; None leaves each as it is. Raises Forbidden, Invalid (a release where nothing can be
    released, steps out of order, the same category twice). Effects: the rules, clocks, an event.
    """
    require(actor, "campaign.coordinate", campaign_id)
    for stage, deadline in deadlines.items():
        _check(stage, deadline)
    campaign = session.execute(
        sa.select(_Campaign.rules, _Campaign.ends_on).where(_Campaign.id == campaign_id).with_for_update()
    ).one()
    rules = {
        **campaign.rules,
        "deadlines": {str(stage): deadline.model_dump(mode="json") for stage, deadline in deadlines.items()},
        "ends_on": campaign.ends_on.isoformat(),
    }
    if own is not None:
        _check_own(session, campaign_id, own)
        rules["own_deadlines"] = [one.model_dump(mode="json") for one in own]
    if key_dates is not None:
        _check_key_dates(key_dates)
        rules["key_dates"] = [one.model_dump(mode="json") for one in key_dates]
    if calendar is not None:
        _check_calendar(calendar)
        rules["calendar"] = calendar.model_dump(mode="json")
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
        data={
            "stages": sorted(map(str, deadlines)),
            "own": len(rules.get("own_deadlines", ())),
            "moved": done.moved,
            "opened": done.opened,
        },
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
    if stage not in RESERVED_FROM and any(step.kind == "reserve" for step in deadline.ladder):
        raise Invalid(
            f"kind-{stage}-0",
            Text("“{zh}”时不能动用应急物资库。", "In “{en}” the reserve cannot take the wish."),
            zh=name.zh,
            en=name.en,
        )


def _check_own(session: Session, campaign_id: int, own: Sequence[OwnDeadline]) -> None:
    """Raise Invalid naming the row's field, as the page numbers them."""
    _at_most(MOST_OWN, own, "own-stage-0")
    ids = {one.community_id for one in own} - {None}
    known = set(
        session.execute(
            sa.select(_Community.id).where(_Community.campaign_id == campaign_id, _Community.id.in_(ids))
        ).scalars()
    )
    seen: set[tuple[Status, str, int | None]] = set()
    for n, one in enumerate(own):
        key = (one.stage, one.category, one.community_id)
        if one.stage not in OWN_STAGES:
            raise Invalid(f"own-stage-{n}", Text("请选择阶段。", "Choose a stage."))
        if not one.category and one.community_id is None:
            raise Invalid(f"own-category-{n}", Text("请选择类别或社区。", "Choose a category or a community."))
        if one.community_id is not None and one.community_id not in known:
            raise Invalid(f"own-community-{n}", Text("没有这个社区。", "There is no such community."))
        if key in seen:
            raise Invalid(
                f"own-stage-{n}", Text("同一类别或社区只能设一次。", "This category or community is set twice.")
            )
        seen.add(key)


def _check_key_dates(key_dates: Sequence[KeyDate]) -> None:
    _at_most(MOST_KEY_DATES, key_dates, "key-day-0")
    for n, one in enumerate(key_dates):
        fixed = one.day[:1].isdecimal()
        if fixed and all(key_day(one, None, year) is None for year in _years(one)):
            raise Invalid(f"key-day-{n}", Text("没有这一天：{day}", "There is no such day: {day}"), day=one.day)


def _years(key: KeyDate) -> tuple[int, ...]:
    return (int(key.day[:4]),) if len(key.day) == 10 else (2023, 2024)


def _check_calendar(calendar: Calendar) -> None:
    _at_most(MOST_CALENDAR_DAYS, (*calendar.holidays, *calendar.workdays), "holidays")
    if both := set(calendar.holidays) & set(calendar.workdays):
        raise Invalid(
            "workdays",
            Text("{day} 既放假又上班，请核对。", "{day} is both a day off and a day of work."),
            day=min(both).isoformat(),
        )


def _at_most(most: int, given: Sequence[object], field: str) -> None:
    if len(given) > most:
        raise Invalid(field, Text("最多 {n} 条。", "At most {n} entries."), n=most)
