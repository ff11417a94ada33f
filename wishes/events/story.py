"""A wish's story: its events in order, as the timeline shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.events.tables import Event
from wishes.i18n import Text
from wishes.lifecycle import DONE_LABEL
from wishes.model import columns
from wishes.people.tables import Account

_Account = columns(Account)
_Event = columns(Event)

_LABEL = DONE_LABEL | {
    "remind": Text("已提醒", "Reminded"),
    "warn": Text("已催办", "Warned"),
    "escalate": Text("已上报", "Escalated"),
    "acknowledge": Text("已回应：在办", "Answered: under way"),
    "postpone": Text("说明要晚几天", "Said it will be late"),
    "pause": Text("暂停计时", "Clock stopped"),
    "resume": Text("恢复计时", "Clock running again"),
    "excuse_lapse": Text("逾期已免责", "Lapse excused"),
    "print_label": Text("打印标签", "Label printed"),
    "first_look": Text("第一人已查验，等另一人复核", "Looked over by one; a second person has to"),
    "propose_appointment": Text("提出了时间", "A time was named"),
    "agree_appointment": Text("确认了时间", "The time was confirmed"),
    "reschedule": Text("改了日期", "Another date"),
    "say_attended": Text("一方说已办成", "One side says that it took place"),
    "receive": Text("已上架", "Put on a shelf"),
    "unreceive": Text("撤销上架", "Taken off the shelf again"),
    "pack": Text("已装箱", "Packed"),
    "unpack": Text("已从箱里取出", "Taken out of the box"),
    "check_on_the_spot": Text("两人当场查验合格", "Looked over on the spot by two people"),
    "hand_over": Text("交接扫码", "Hand-over scanned"),
    "attempt": Text("送到门口，没有交成", "Brought, but not handed over"),
    "restand": Text("按先后认定哪次交接算数", "Settled which hand-over counts"),
    "settle_scans": Text("交接核对已有结论", "Hand-over settled by a coordinator"),
    "renew_label": Text("换新标签，旧的作废", "Label replaced; the old one is void"),
    "feedback_link": Text("发出反馈码", "Feedback code made"),
    "feedback": Text("收到反馈", "Feedback came in"),
    "thanks": Text("感谢已转达", "Thanks passed on"),
    "no_thanks": Text("感谢未转达", "Thanks not passed on"),
}


_REASON = {
    "overdue": Text("逾期未办", "overdue"),
    "guardian": Text("监护人要求", "the guardian's wish"),
    "intake": Text("处理心愿表", "work on a workbook"),
    "never_came": Text("收件方反馈没有收到", "the receiving side says that it never came"),
}
"""Reasons that the product gives by itself; people's own are kept as they wrote them."""


def reason_of(reason: str) -> Text:
    return _REASON.get(reason, Text(reason, reason))


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event. ``actor`` is a name of staff or a volunteer, empty for the system; ``late`` when it was recorded afterwards."""

    id: int
    action: str
    label: Text
    old_status: str | None
    new_status: str | None
    reason: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    data: dict[str, Any]

    @property
    def late(self) -> bool:
        return (self.recorded_at - self.occurred_at).total_seconds() > 600


def story(session: Session, wish_id: int) -> list[Chapter]:
    """Oldest first."""
    rows = session.execute(
        sa.select(
            _Event.id,
            _Event.action,
            _Event.old_status,
            _Event.new_status,
            _Event.reason,
            _Account.name,
            _Event.occurred_at,
            _Event.recorded_at,
            _Event.data,
        )
        .outerjoin(_Account, _Account.id == _Event.actor_id)
        .where(_Event.wish_id == wish_id)
        .order_by(_Event.occurred_at, _Event.id)
    )
    return [Chapter(r[0], r[1], label_of(r[1]), r[2], r[3], r[4], r[5] or "", r[6], r[7], r[8] or {}) for r in rows]


def label_of(action: str) -> Text:
    return _LABEL.get(action, Text(action, action))
