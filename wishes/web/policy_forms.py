"""The parts of the deadlines page that are tables of rows: single categories and communities, key dates, days off and worked."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from flask import request
from pydantic import ValidationError

from wishes.campaigns.rules import Calendar, KeyDate, OwnDeadline, Rules
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.lifecycle import Status
from wishes.tracking.deadlines import FIRST_YEAR_UNKNOWN, approaches
from wishes.tracking.policy import MOST_KEY_DATES, MOST_OWN
from wishes.web.context import day, t

SPARE = 2
NAMED_DAYS: dict[str, Text] = {
    "campaign_end": Text("行动结束日", "The campaign's end"),
    "spring_festival": Text("春节", "Spring Festival"),
    "dragon_boat": Text("端午节", "Dragon Boat Festival"),
    "mid_autumn": Text("中秋节", "Mid-autumn Festival"),
    "06-01": Text("六一儿童节", "Children's Day (1 June)"),
}
_MOST_SPAN = timedelta(days=60)


# --- single categories and communities ----------------------------------------------------------------------------------


def own_shown(own: tuple[OwnDeadline, ...]) -> list[dict[str, Any]]:
    rows = [
        {
            "stage": str(one.stage),
            "category": one.category,
            "community": one.community_id or "",
            "days": f"{one.days:g}",
            "working": one.working_days,
        }
        for one in own
    ]
    return rows + [_NO_OWN] * min(SPARE, MOST_OWN - len(rows))


_NO_OWN: dict[str, Any] = {"stage": "", "category": "", "community": "", "days": "", "working": False}


def own_typed() -> list[dict[str, Any]]:
    return [
        {
            "stage": _text(f"own-stage-{n}"),
            "category": _text(f"own-category-{n}"),
            "community": _text(f"own-community-{n}"),
            "days": _text(f"own-days-{n}"),
            "working": f"own-working-{n}" in request.form,
        }
        for n in range(_rows("own-stage", MOST_OWN))
    ]


def own_sent() -> tuple[OwnDeadline, ...]:
    """The rows that have days. Raises Invalid naming the field."""
    found = []
    for n in range(_rows("own-stage", MOST_OWN)):
        days = number(f"own-days-{n}")
        if days is None:
            continue
        if not 0 < days <= 365:
            raise Invalid(f"own-days-{n}", Text("天数请填 0 到 365 之间。", "Days must lie between 0 and 365."))
        stage, community = _text(f"own-stage-{n}"), _text(f"own-community-{n}")
        if stage not in set(Status):
            raise Invalid(f"own-stage-{n}", Text("请选择阶段。", "Choose a stage."))
        found.append(
            OwnDeadline(
                stage=Status(stage),
                category=_text(f"own-category-{n}")[:24],
                community_id=int(community) if re.fullmatch(r"\d{1,18}", community) else None,
                days=days,
                working_days=f"own-working-{n}" in request.form,
            )
        )
    return tuple(found)


# --- key dates ----------------------------------------------------------------------------------------------------------


def key_dates_shown(keys: tuple[KeyDate, ...]) -> list[dict[str, str]]:
    rows = [
        {
            "day": one.day if one.day in NAMED_DAYS else "other",
            "other": "" if one.day in NAMED_DAYS else one.day,
            "lead": str(one.lead_days),
            "percent": f"{one.factor * 100:g}",
        }
        for one in keys
    ]
    return rows + [_NO_KEY] * min(SPARE, MOST_KEY_DATES - len(rows))


_NO_KEY = {"day": "", "other": "", "lead": "", "percent": ""}


def key_dates_typed() -> list[dict[str, str]]:
    return [
        {name: _text(f"key-{name}-{n}") for name in ("day", "other", "lead", "percent")}
        for n in range(_rows("key-day", MOST_KEY_DATES))
    ]


def key_dates_sent() -> tuple[KeyDate, ...]:
    """The rows that name a day. Raises Invalid naming the field."""
    found = []
    for n in range(_rows("key-day", MOST_KEY_DATES)):
        chosen = _text(f"key-day-{n}")
        if not chosen:
            continue
        named = _text(f"key-other-{n}") if chosen == "other" else chosen
        lead, percent = number(f"key-lead-{n}"), number(f"key-percent-{n}")
        lead, percent = 14 if lead is None else lead, 50 if percent is None else percent
        if not 1 <= lead <= 90:
            raise Invalid(f"key-lead-{n}", Text("提前天数请填 1 到 90。", "Days before must lie between 1 and 90."))
        if not 10 <= percent <= 100:
            raise Invalid(f"key-percent-{n}", Text("比例请填 10 到 100。", "The share must lie between 10 and 100."))
        try:
            found.append(KeyDate(day=named, lead_days=round(lead), factor=percent / 100))
        except ValidationError:
            raise Invalid(
                f"key-other-{n}",
                Text("日期请写成 09-01（每年）或 2027-02-06。", "Write the day like 09-01 (every year) or 2027-02-06."),
            ) from None
    return tuple(found)


def near(rules: Rules, today: date) -> list[dict[str, Any]]:
    """What the key dates do now and next, in sentences."""
    found = []
    for one in approaches(rules, today):
        label = NAMED_DAYS.get(one.key.day)
        name = t(label) if label else t("重要日子", "Key date")
        if one.begins_on is None or one.on is None:
            line = t(
                "下一次的日期还没公布；知道后请在下面按“其他日子”填写。",
                "The next one is not announced yet; when it is, enter it below as another day.",
            )
        else:
            line = t(
                "{on}：{begins} 起，到期后的间隔缩短为 {percent}%。",
                "{on}: from {begins} on, what follows a deadline comes after {percent}% of its delay.",
                on=day(one.on),
                begins=day(one.begins_on),
                percent=f"{one.key.factor * 100:g}",
            )
        found.append({"name": name, "line": line, "now": one.begins_on is not None and one.begins_on <= today})
    return found


# --- days off and worked ------------------------------------------------------------------------------------------------


def days_shown(days: tuple[date, ...]) -> str:
    """One line per run of days: ``2027-02-05 ~ 2027-02-11``."""
    runs: list[list[date]] = []
    for one in sorted(days):
        if runs and one - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(one)
        else:
            runs.append([one])
    return "\n".join(run[0].isoformat() if len(run) == 1 else f"{run[0]} ~ {run[-1]}" for run in runs)


def calendar_sent() -> Calendar:
    """Raises Invalid naming the field and the line."""
    return Calendar(holidays=_days("holidays"), workdays=_days("workdays"))


def calendar_known() -> str:
    return t(
        "内置节假日到 {year} 年为止；之后的年份不填就按周一至周五。",
        "Holidays are built in until {year}; for later years Monday to Friday count unless set here.",
        year=FIRST_YEAR_UNKNOWN - 1,
    )


def _days(field: str) -> tuple[date, ...]:
    found: set[date] = set()
    for line in re.split(r"[\n,，;；、]+", request.form.get(field, "")):
        ends = re.findall(r"\d{4}-\d{1,2}-\d{1,2}", line.replace("/", "-").replace(".", "-"))
        if not line.strip():
            continue
        try:
            first, last = (date(*map(int, end.split("-"))) for end in (ends[0], ends[-1]))
        except (ValueError, IndexError):
            first, last = date.max, date.min
        if not timedelta(0) <= last - first <= _MOST_SPAN or len(ends) > 2:
            raise Invalid(
                field,
                Text(
                    "看不懂“{line}”：每行一天，或 2027-02-05 ~ 2027-02-11。",
                    "“{line}”: one day a line, or 2027-02-05 ~ 2027-02-11.",
                ),
                line=line.strip()[:40],
            )
        found |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return tuple(sorted(found))


# --- reading ------------------------------------------------------------------------------------------------------------


def number(name: str) -> float | None:
    """The number in field *name*; None when it is empty. Raises Invalid."""
    text = _text(name).replace("，", ".").replace("−", "-")
    try:
        found = float(text) if text else None
    except ValueError:
        raise Invalid(name, Text("“{value}”不是数字。", "“{value}” is not a number."), value=text[:20]) from None
    if found is not None and not abs(found) < 10_000:
        raise Invalid(name, Text("这个数字不合理。", "That number cannot be right."))
    return found


def _text(name: str) -> str:
    return request.form.get(name, "").strip()


def _rows(name: str, most: int) -> int:
    """How many rows were sent: the page numbers them from 0."""
    return next((n for n in range(most + 1) if f"{name}-{n}" not in request.form), most)
