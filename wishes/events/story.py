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
    "readdress": Text("改送到另一个社区", "To be sent to another community"),
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
    "create_campaign": Text("新建项目", "Campaign created"),
    "copy_campaign": Text("复制项目", "Campaign copied"),
    "load_campaign": Text("载入项目", "Campaign loaded"),
    "close_campaign": Text("项目结项", "Campaign closed"),
    "reopen_campaign": Text("重新开启项目", "Campaign opened again"),
    "import_places": Text("导入地名", "Places imported"),
    "import_catalogue": Text("导入物品目录", "Catalogue imported"),
    "import_branches": Text("导入支部名册", "Branches imported"),
    "import_members": Text("导入党员名册", "Members imported"),
    "import_volunteers": Text("导入志愿者名册", "Volunteers imported"),
    "invite": Text("发出邀请", "Invitation made"),
    "join": Text("受邀加入", "Joined by invitation"),
    "receive_file": Text("收到心愿表", "Workbook received"),
    "import_file": Text("读取心愿表", "Workbook read"),
    "read_again": Text("重新读取心愿表", "Workbook read again"),
    "place_file": Text("指定心愿表所属社区", "Workbook given to a community"),
    "record_consent": Text("登记心愿表的同意", "Consent of a workbook recorded"),
    "download_annotated": Text("下载批注后的心愿表", "Annotated workbook downloaded"),
    "download_report": Text("下载逐行结果", "Report of every row downloaded"),
    "forget_original": Text("删除心愿表原件", "Original workbook deleted"),
    "resolve_row": Text("处理一行心愿", "Row decided"),
    "keep_both": Text("重复的两行都保留", "Both rows kept"),
    "revise": Text("收到修订的心愿表", "Revised workbook received"),
    "apply_revision": Text("采用修订", "Revision applied"),
    "decide_revision": Text("处理修订", "Revision decided"),
    "teach_column": Text("教会认表头", "Column taught"),
    "forget_column": Text("忘掉表头", "Column forgotten"),
    "teach_word": Text("加入词表", "Word taught"),
    "forget_word": Text("移出词表", "Word forgotten"),
    "remember_word": Text("记住发件人的说法", "Word of a sender remembered"),
    "give_consent": Text("登记监护人同意", "Guardian's consent recorded"),
    "withdraw_consent": Text("撤回监护人同意", "Guardian's consent withdrawn"),
    "correct_identity": Text("监护人更正身份信息", "Identity corrected"),
    "verify_all": Text("批量核实", "Verified in bulk"),
    "publish_all": Text("批量公开", "Published in bulk"),
    "match": Text("匹配", "Matched"),
    "match_undone": Text("撤销匹配", "Matching undone"),
    "match_weights": Text("修改匹配权重", "Weights of the matching changed"),
    "set_deadlines": Text("修改时限与催办", "Deadlines and ladders changed"),
    "set_reserve": Text("修改应急物资", "Reserve stock changed"),
    "share": Text("生成看板链接", "Link to the board made"),
    "unshare": Text("停用看板链接", "Link to the board ended"),
    "retry_notices": Text("重新发送通知", "Notices sent again"),
    "add_check": Text("添加检查项", "Check added"),
    "end_check": Text("停用检查项", "Check ended"),
    "count_stock": Text("盘点", "Stock counted"),
    "set_finder_contact": Text("修改捡到包裹的联系方式", "What a finder is told changed"),
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
