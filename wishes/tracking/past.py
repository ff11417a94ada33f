"""Reading a history file: events of an earlier campaign, as another system wrote them down.

The form is ``wish_ref,event,occurred_at,recorded_at,actor,value`` (local time, to the minute; ``recorded_at`` empty: at once)
beside ``wish_ref,county_code,category``.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from wishes.campaigns.queries import rules_of
from wishes.clock import SHANGHAI, local_day, start_of_day
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.model import columns
from wishes.tracking.history import IMPORTABLE
from wishes.tracking.tables import PastEvent, PastFile, PastWish

_PastEvent = columns(PastEvent)
_PastWish = columns(PastWish)

EVENT_COLUMNS = ("wish_ref", "event", "occurred_at", "recorded_at", "actor", "value")
WISH_COLUMNS = ("wish_ref", "county_code", "category")
_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """What an import found. ``repeated`` lines said what another line had said; ``added`` rows were new to the database."""

    lines: int
    wishes: int
    repeated: int
    added: int
    taken_at: datetime

    def figures(self) -> dict[str, Any]:
        return {
            "lines": self.lines,
            "wishes": self.wishes,
            "repeated": self.repeated,
            "added": self.added,
            "taken_at": self.taken_at.astimezone(SHANGHAI).isoformat(),
        }


def import_history(
    session: Session, *, campaign_id: int, events: Path, wishes: Path, now: datetime, taken_at: datetime | None = None
) -> HistoryReport:
    """Load the two files; loading them again adds nothing.

    *taken_at*: until when the file speaks; else the campaign's ``events_as_of``, else the end of its last day. Raises Invalid
    with the line number for what cannot be read: then nothing is loaded.
    """
    raw = events.read_bytes()
    refs = {row[0]: row[1:] for _, row in _rows(wishes.name, wishes.read_bytes(), WISH_COLUMNS)}
    found: dict[tuple[str, str, datetime], dict[str, Any]] = {}
    lines = 0
    for number, (ref, kind, occurred, recorded, actor, value) in _rows(events.name, raw, EVENT_COLUMNS):
        lines += 1
        if ref not in refs:
            raise _bad(events.name, number, Text("心愿编号不在心愿表里", "the wish is not in the list of wishes"))
        if kind not in IMPORTABLE:
            raise _bad(events.name, number, Text(f"没有这种事件“{kind}”", f"there is no event “{kind}”"))
        try:
            at = _instant(occurred)
            heard = max(at, _instant(recorded)) if recorded else at
            score = int(value) if value else None
        except ValueError:
            raise _bad(events.name, number, Text("时间或数值无法读取", "a time or value cannot be read")) from None
        same = found.get((ref, kind, at))
        if same is None:
            found[ref, kind, at] = {
                "kind": kind,
                "occurred_at": at,
                "recorded_at": heard,
                "actor": actor[:24],
                "value": score,
                "ref": ref,
            }
        else:
            same["recorded_at"] = min(same["recorded_at"], heard)
    taken = taken_at or _taken(session, campaign_id, found.values())
    _insert_new(
        session,
        PastWish,
        (
            {"campaign_id": campaign_id, "ref": ref, "county_code": county, "category": category}
            for ref, (county, category) in refs.items()
        ),
        ["campaign_id", "ref"],
    )
    ids = {
        ref: row_id
        for ref, row_id in session.execute(
            sa.select(_PastWish.ref, _PastWish.id).where(_PastWish.campaign_id == campaign_id)
        )
    }
    before = _count(session, campaign_id)
    _insert_new(
        session,
        PastEvent,
        ({"campaign_id": campaign_id, "past_wish_id": ids[row.pop("ref")], **row} for row in found.values()),
        ["past_wish_id", "kind", "occurred_at"],
    )
    report = HistoryReport(lines, len(refs), lines - len(found), _count(session, campaign_id) - before, taken)
    _insert_new(
        session,
        PastFile,
        [
            {
                "campaign_id": campaign_id,
                "digest": hashlib.sha256(raw).hexdigest(),
                "taken_at": taken,
                "imported_at": now,
                "counts": report.figures(),
            }
        ],
        ["campaign_id", "digest"],
    )
    return report


def _rows(name: str, raw: bytes, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    try:
        reader = csv.reader(raw.decode("utf-8-sig").splitlines(), strict=True)
        head = next(reader, [])
        if tuple(cell.strip() for cell in head) != columns:
            raise _bad(name, 1, Text(f"表头应为 {','.join(columns)}", f"the header should be {','.join(columns)}"))
        for row in reader:
            if len(row) == len(columns):
                yield reader.line_num, row
            elif row:
                raise _bad(name, reader.line_num, Text("列数不对", "the number of columns is wrong"))
    except UnicodeDecodeError:
        raise _bad(name, 1, Text("不是 UTF-8 文本", "this is not UTF-8 text")) from None
    except csv.Error:
        raise _bad(name, reader.line_num, Text("不是 CSV", "this is not CSV")) from None


@lru_cache(maxsize=65_536)
def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def _taken(session: Session, campaign_id: int, rows: Iterable[dict[str, Any]]) -> datetime:
    last = max((row["recorded_at"] for row in rows), default=datetime(1970, 1, 1, tzinfo=UTC))
    said = rules_of(session, campaign_id).events_as_of
    return max(last, _instant(said)) if said else start_of_day(local_day(last) + timedelta(days=1))


def _insert_new(session: Session, table: Any, rows: Iterable[dict[str, Any]], key: list[str]) -> None:
    insert: Any = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table.__table__)
    statement = insert.on_conflict_do_nothing(index_elements=key)
    if table is PastEvent:  # heard of earlier than we thought
        statement = insert.on_conflict_do_update(
            index_elements=key,
            set_={"recorded_at": insert.excluded.recorded_at},
            where=insert.excluded.recorded_at < _PastEvent.recorded_at,
        )
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            session.connection().execute(statement, chunk)
            chunk.clear()
    if chunk:
        session.connection().execute(statement, chunk)


def _count(session: Session, campaign_id: int) -> int:
    return int(
        session.execute(
            sa.select(sa.func.count()).select_from(PastEvent).where(_PastEvent.campaign_id == campaign_id)
        ).scalar_one()
    )


def _bad(name: str, line: int, what: Text) -> Invalid:
    return Invalid("file", Text(f"{name} 第 {line} 行：{what.zh}。", f"{name}, line {line}: {what.en}."))
