"""What is looked at before a thing goes to a child: the lines of ``checks.tsv`` and those a coordinator added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.custody.tables import AddedCheck
from wishes.errors import Invalid, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.model import table_of
from wishes.protection.screening import screen

_ADDED = table_of(AddedCheck)
_FILE = Path(__file__).with_name("checks.tsv")
EVERY = "*"
MOST_ADDED = 60


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a checklist. ``added_id`` is its row when a coordinator added it."""

    category: str
    key: str
    label: Text
    added_id: int | None = None


@cache
def shipped() -> tuple[Check, ...]:
    """The lines of the data file, in its order."""
    rows = (line.split("\t") for line in _FILE.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return tuple(Check(category, key, Text(zh, en)) for category, key, zh, en in rows)


def added(session: Session, campaign_id: int) -> tuple[Check, ...]:
    """The lines that hold in this campaign besides, oldest first."""
    rows = session.execute(
        sa.select(_ADDED.c.id, _ADDED.c.category, _ADDED.c.zh, _ADDED.c.en)
        .where(_ADDED.c.campaign_id == campaign_id, _ADDED.c.ended_at.is_(None))
        .order_by(_ADDED.c.id)
    )
    return tuple(Check(row.category, f"added-{row.id}", Text(row.zh, row.en), int(row.id)) for row in rows)


def checks_of(session: Session, campaign_id: int, category: str) -> tuple[Check, ...]:
    """The checklist of a category: what holds for every thing, then its own lines, then the campaign's."""
    return tuple(check for check in (*shipped(), *added(session, campaign_id)) if check.category in (EVERY, category))


def require_lines(checks: tuple[Check, ...], answers: Mapping[str, bool]) -> None:
    """Raise Invalid (``checks``) for an answer to what is no line."""
    unknown = sorted(set(answers) - {check.key for check in checks})
    if unknown:
        raise Invalid(
            "checks", Text("检查表里没有这一项：{key}。", "The checklist has no such line: {key}."), key=unknown[0]
        )


def require_all(checks: tuple[Check, ...], answers: Mapping[str, bool]) -> None:
    """Raise Invalid (``checks``) unless every line is answered with yes, and for an answer to no line."""
    require_lines(checks, answers)
    open_lines = [check for check in checks if not answers.get(check.key)]
    if open_lines:
        raise Invalid(
            "checks",
            Text(
                "还有 {n} 项没有确认，例如“{zh}”。有一项不合格，就请选“不合格”。",
                "{n} lines are not confirmed, such as “{en}”. If one does not hold, choose “Fail”.",
            ),
            n=len(open_lines),
            zh=open_lines[0].label.zh,
            en=open_lines[0].label.en,
        )


def add_check(
    session: Session,
    *,
    campaign_id: int,
    category: str,
    zh: str,
    en: str,
    known: frozenset[str],
    actor: Actor,
    now: datetime,
) -> int:
    """Add a line to the checklist of *category* (one of *known*, or every one). Raises Forbidden, Invalid."""
    require(actor, "campaign.coordinate", campaign_id)
    zh, en = (screen(" ".join(words.split())).text for words in (zh, en))
    if category not in known | {EVERY}:
        raise Invalid("category", Text("请选择类别。", "Please choose a category."))
    if not 2 <= len(zh) <= 60 or len(en) > 120:
        raise Invalid("zh", Text("请用 2–60 个字写明查什么。", "Say in 2 to 60 characters what is looked at."))
    if len(added(session, campaign_id)) >= MOST_ADDED:
        raise Invalid(
            "zh", Text("补充的检查项太多了，请先停用一些。", "There are too many added lines: end some first.")
        )
    made = session.execute(
        sa.insert(_ADDED)
        .values(campaign_id=campaign_id, category=category, zh=zh, en=en or zh, added_by=actor.account_id, added_at=now)
        .returning(_ADDED.c.id)
    )
    check_id = int(made.scalar_one())
    record(session, action="add_check", campaign_id=campaign_id, actor=actor, now=now, data={"check_id": check_id})
    return check_id


def end_check(session: Session, *, campaign_id: int, check_id: int, actor: Actor, now: datetime) -> bool:
    """A line holds no more; False when that was so already. Raises Forbidden, NotFound."""
    require(actor, "campaign.coordinate", campaign_id)
    mine = sa.and_(_ADDED.c.id == check_id, _ADDED.c.campaign_id == campaign_id)
    if session.execute(sa.select(_ADDED.c.id).where(mine)).first() is None:
        raise NotFound("这个检查项", "check")
    ended = session.execute(
        sa.update(_ADDED).where(mine, _ADDED.c.ended_at.is_(None)).values(ended_at=now).returning(_ADDED.c.id)
    ).first()
    if ended is not None:
        record(session, action="end_check", campaign_id=campaign_id, actor=actor, now=now, data={"check_id": check_id})
    return ended is not None
