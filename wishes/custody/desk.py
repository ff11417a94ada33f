"""The scanning desk: what a scanner gun, a camera or fingers read becomes a thing on a shelf, in a box, or in a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.custody.counting import count_thing, uncount_thing
from wishes.custody.packing import DUTY, pack, receive, unpack, unreceive
from wishes.db import Database
from wishes.errors import Invalid, MicrowishError, NotFound
from wishes.handover.proving import find_label
from wishes.handover.tokens import PublicKeys
from wishes.i18n import Language, Text
from wishes.intake.tables import Wish
from wishes.model import columns

_Wish = columns(Wish)
AT_ONCE = 200
_LONGEST, _SHORTEST_LABEL = 400, 10


class Mode(StrEnum):
    SHELF = "shelf"
    BOX = "box"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Task:
    """What the desk is doing: *target* is a shelf, or the id of a box or of a count. *apart*: one child's things in two boxes."""

    campaign_id: int
    mode: Mode
    target: str
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one scan: ``done``, ``already`` or ``refused``; of a refused one nothing was changed."""

    scanned: str
    outcome: str
    code: str = ""
    item: str = ""
    sentence: Text = field(default=Text("", ""))
    facts: dict[str, Any] = field(default_factory=dict)

    def say(self, language: Language) -> str:
        return self.sentence.say(language, **self.facts)


_DONE = {
    Mode.SHELF: Text("已放到 {target} 架", "on shelf {target}"),
    Mode.BOX: Text("已装箱", "in the box"),
    Mode.COUNT: Text("已数到", "counted"),
}
_ALREADY = {
    Mode.SHELF: Text("本来就在 {target} 架", "was on shelf {target} already"),
    Mode.BOX: Text("已经在这个箱里", "is in this box already"),
    Mode.COUNT: Text("已经数过", "was counted already"),
}


class TooManyAtOnce(MicrowishError):
    status, code = 413, "too_many_at_once"
    title = Text("一次太多", "Too many at once")
    sentence = Text("一次最多扫 {most} 件。", "At most {most} scans at once.")


def take(
    database: Database, task: Task, scanned: Sequence[str], *, actor: Actor, keys: PublicKeys, now: datetime
) -> list[Answer]:
    """One answer for each scan, in order, each in a transaction of its own: one that is refused does not undo the others.

    Raises Forbidden, TooManyAtOnce, Invalid (no such box, count or shelf is told by each answer instead).
    """
    require(actor, DUTY, task.campaign_id)
    if len(scanned) > AT_ONCE:
        raise TooManyAtOnce(most=AT_ONCE)
    return [_one(database, task, text.strip(), actor=actor, keys=keys, now=now) for text in scanned if text.strip()]


def undo(database: Database, task: Task, code: str, *, actor: Actor, now: datetime) -> bool:
    """Take the last scan of a wish back; False when there was nothing to take back. Raises as the verbs do."""
    require(actor, DUTY, task.campaign_id)
    with database.transaction() as session:
        known = sa.select(_Wish.id).where(_Wish.campaign_id == task.campaign_id, _Wish.code == code)
        wish_id = session.execute(known).scalar()
        if wish_id is None:
            return False
        if task.mode is Mode.SHELF:
            return unreceive(session, wish_id=wish_id, actor=actor, now=now)
        if task.mode is Mode.BOX:
            return unpack(session, wish_id=wish_id, actor=actor, now=now)
        return uncount_thing(session, count_id=_number(task), wish_id=wish_id, actor=actor)


def _one(database: Database, task: Task, text: str, *, actor: Actor, keys: PublicKeys, now: datetime) -> Answer:
    shown = text if len(text) <= 24 else f"…{text[-12:]}"
    try:
        with database.transaction() as session:
            wish_id, code, item = find_thing(session, task.campaign_id, text, keys=keys)
            fresh = _do(session, task, wish_id, actor=actor, now=now)
    except MicrowishError as error:
        if error.status >= 500:
            raise
        return Answer(shown, "refused", sentence=Text(error.say("zh"), error.say("en")))
    words = (_DONE if fresh else _ALREADY)[task.mode]
    return Answer(shown, "done" if fresh else "already", code, item, words, {"target": task.target.upper()})


def find_thing(session: Session, campaign_id: int, text: str, *, keys: PublicKeys) -> tuple[int, str, str]:
    """Id, code and item of the wish whose label was scanned, or whose code was typed. Raises NotFound, TokenRefused."""
    if len(text) > _LONGEST:
        raise NotFound("这个标签", "label")
    typed = _Wish.code == text.strip().upper()
    found = session.execute(sa.select(_Wish.id).where(_Wish.campaign_id == campaign_id, typed)).first()
    if found is None and len(text) < _SHORTEST_LABEL:
        raise NotFound("这个编号", "code")
    return _wish(session, campaign_id, typed if found else _Wish.id == find_label(session, text, keys=keys).wish_id)


def _wish(session: Session, campaign_id: int, which: Any) -> tuple[int, str, str]:
    row = session.execute(
        sa.select(_Wish.id, _Wish.code, _Wish.item).where(_Wish.campaign_id == campaign_id, which)
    ).one_or_none()
    if row is None:
        raise NotFound("这个标签", "label")
    return int(row.id), str(row.code), str(row.item)


def _do(session: Session, task: Task, wish_id: int, *, actor: Actor, now: datetime) -> bool:
    if task.mode is Mode.SHELF:
        return receive(session, wish_id=wish_id, shelf=task.target, actor=actor, now=now)
    if task.mode is Mode.BOX:
        return pack(session, box_id=_number(task), wish_id=wish_id, actor=actor, now=now, apart=task.apart)
    return count_thing(session, count_id=_number(task), wish_id=wish_id, actor=actor, now=now)


def _number(task: Task) -> int:
    if not (task.target.isascii() and task.target.isdecimal() and len(task.target) <= 18):
        raise Invalid("target", Text("请先选择箱子或盘点。", "Choose a box or a count first."))
    return int(task.target)
