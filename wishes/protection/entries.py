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
    "look_scans": Text("查看交接记录", "Read the record of a hand-over"),
    "ask_access": Text("申请查看权限", "Asked for access"),
    "decide_access": Text("审批查看权限", "Decided on access"),
    "end_access": Text("结束查看权限", "Ended access"),
    "guardian_link": Text("发出监护人链接", "Made a guardian's link"),
    "guardian": Text("监护人操作", "Done by a guardian"),
    "correct": Text("更正身份信息", "Corrected an identity"),
    "receiver": Text("登记代收人", "Listed who may receive instead"),
    "no_receiver": Text("取消代收人", "Took somebody off the list of who may receive"),
    "erase": Text("删除身份信息", "Erased an identity"),
    "redact": Text("抹去文字", "Took words out of the record"),
    "anonymise": Text("项目匿名化", "Anonymised a campaign"),
    "hold": Text("法律保全", "Placed a legal hold"),
    "lift_hold": Text("解除法律保全", "Lifted a legal hold"),
    "rotate_keys": Text("更换密钥", "Rotated keys"),
    "make_account": Text("新建账号", "Made an account"),
    "close_account": Text("停用账号", "Closed an account"),
    "reopen_account": Text("恢复账号", "Reopened an account"),
    "grant_role": Text("授予角色", "Granted a role"),
    "revoke_role": Text("收回角色", "Revoked a role"),
    "password": Text("更改密码", "Changed a password"),
    "login": Text("更改登录手机号或邮箱", "Changed the phone or e-mail of a sign-in"),
    "second_step": Text("启用或更换动态码", "Set up the second step"),
    "no_second_step": Text("关闭第二步验证", "Switched the second step off"),
    "passkey": Text("添加通行密钥", "Added a passkey"),
    "no_passkey": Text("删除通行密钥", "Removed a passkey"),
    "connect": Text("绑定微信或企业微信", "Connected WeChat or WeCom"),
    "disconnect": Text("解除微信或企业微信绑定", "Disconnected WeChat or WeCom"),
    "token": Text("生成访问令牌", "Made an API token"),
    "no_token": Text("收回访问令牌", "Revoked an API token"),
    "ask_recovery": Text("申请找回账号", "Asked for an account back"),
    "decide_recovery": Text("审批找回账号", "Decided on giving an account back"),
    "recover": Text("找回账号", "Got an account back"),
    "settings": Text("更改安装设置", "Changed the installation's settings"),
    "concern": Text("有人报告担忧", "A concern was reported"),
    "read_concern": Text("查看担忧报告", "Read a concern"),
    "handle_concern": Text("处理担忧报告", "Handled a concern"),
    "print": Text("打印单据", "Printed papers"),
}


def note(
    session: Session,
    kind: str,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: int | None = None,
    account_id: int | None = None,
    child_id: int | None = None,
    wish_id: int | None = None,
    file_id: int | None = None,
    access_id: int | None = None,
    fields: Iterable[str] = (),
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> int:
    """Append one entry of *kind* (a key of :data:`KINDS`) and answer its id.

    *account_id* is whose account was changed; *fields* are names of fields, *data* ids and counts: never a value. *reason* is screened, as it is kept for good.
    """
    assert kind in KINDS, kind
    made = session.execute(
        sa.insert(_ENTRY)
        .values(
            kind=kind,
            campaign_id=campaign_id,
            actor_id=actor.account_id,
            account_id=account_id,
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
