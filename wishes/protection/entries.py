"""Writing audit entries: who looked at whose identity and why, and what was done to what protects it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor
from wishes.events.asked import request_in_hand
from wishes.i18n import Text
from wishes.model import table_of
from wishes.protection.screening import screen
from wishes.protection.tables import AuditEntry

_ENTRY = table_of(AuditEntry)
REASON_LENGTH = 200

KINDS: dict[str, Text] = {
    "look": Text("查看身份信息", "Looked at an identity"),
    "ask_access": Text("申请查看权限", "Asked for access"),
    "decide_access": Text("审批查看权限", "Decided on access"),
    "end_access": Text("结束查看权限", "Ended access"),
    "guardian_link": Text("发出监护人链接", "Made a guardian's link"),
    "guardian": Text("监护人操作", "Done by a guardian"),
    "correct": Text("更正身份信息", "Corrected an identity"),
    "erase": Text("删除身份信息", "Erased an identity"),
    "redact": Text("抹去文字", "Took words out of the record"),
    "anonymise": Text("项目匿名化", "Anonymised a campaign"),
    "hold": Text("法律保全", "Placed a legal hold"),
    "lift_hold": Text("解除法律保全", "Lifted a legal hold"),
    "rotate_keys": Text("更换密钥", "Rotated keys"),
    "concern": Text("有人报告担忧", "A concern was reported"),
    "read_concern": Text("查看担忧报告", "Read a concern"),
    "handle_concern": Text("处理担忧报告", "Handled a concern"),
}


def note(
    session: Session,
    kind: str,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: int | None = None,
    child_id: int | None = None,
    wish_id: int | None = None,
    file_id: int | None = None,
    access_id: int | None = None,
    fields: Iterable[str] = (),
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> int:
    """Append one entry of *kind* (a key of :data:`KINDS`) and answer its id.

    *fields* are names of fields, *data* ids and counts: never a value. *reason* is screened, as it is kept for good.
    """
    assert kind in KINDS, kind
    made = session.execute(
        sa.insert(_ENTRY)
        .values(
            kind=kind,
            campaign_id=campaign_id,
            actor_id=actor.account_id,
            child_id=child_id,
            wish_id=wish_id,
            file_id=file_id,
            access_id=access_id,
            fields=list(fields),
            reason=screen(reason.strip()).text[:REASON_LENGTH] if reason else "",
            request_id=request_in_hand.get(),
            data=dict(data or {}),
            recorded_at=now,
        )
        .returning(_ENTRY.c.id)
    )
    return int(made.scalar_one())
