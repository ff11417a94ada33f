"""What a notice says. One row per kind, both languages side by side; texts are made when shown, never stored.

``{code}`` and ``{item}`` name the wish, ``{due_on}`` the day it is due, ``{todo}`` what the stage waits for. Nothing here can name a child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wishes.i18n import Language, Text
from wishes.lifecycle import STATUS_LABEL, Status

NEXT_STEP: dict[Status, Text] = {
    Status.DRAFT: Text("核对并提交", "check and submit it"),
    Status.SUBMITTED: Text("核实", "verify it"),
    Status.VERIFIED: Text("公开征集", "publish it"),
    Status.OPEN: Text("找到认领人", "find a taker"),
    Status.PROPOSED: Text("接受或婉拒", "accept or decline"),
    Status.CLAIMED: Text("备好物品或约定时间", "buy it or agree a date"),
    Status.SCHEDULED: Text("完成约定", "keep the appointment"),
    Status.READY: Text("质检", "inspect it"),
    Status.INSPECTED: Text("出发配送", "send it off"),
    Status.IN_TRANSIT: Text("送达孩子手中", "hand it over"),
    Status.DELIVERED: Text("登记反馈", "record the feedback"),
    Status.DISPUTED: Text("处理异议", "settle the dispute"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice's title and its sentence."""

    title: Text
    line: Text


def _words(zh: str, en: str, line_zh: str, line_en: str) -> Wording:
    return Wording(Text(zh, en), Text(line_zh, line_en))


WORDS: dict[str, Wording] = {
    "remind": _words(
        "请留意时限",
        "A deadline is coming",
        "心愿 {code}（{item}）请在 {due_on} 前{todo}。",
        "Wish {code} ({item}): please {todo} by {due_on}.",
    ),
    "warn": _words(
        "心愿到期",
        "A wish is due",
        "心愿 {code}（{item}）应在 {due_on} 前{todo}，请尽快处理；有困难可以说明或退回。",
        "Wish {code} ({item}) was due on {due_on}: please {todo} soon, say what holds it up, or give it back.",
    ),
    "escalate": _words(
        "心愿逾期",
        "A wish is overdue",
        "心愿 {code}（{item}）自 {due_on} 起逾期，仍待{todo}，支部与协调员已知悉。",
        "Wish {code} ({item}) is overdue since {due_on}; somebody still has to {todo}. Branch and coordinators know.",
    ),
    "reserve": _words(
        "改用应急物资",
        "The reserve steps in",
        "心愿 {code}（{item}）到期未办，改用应急物资。",
        "Wish {code} ({item}) was not done in time: the reserve takes it.",
    ),
    "return": _words(
        "心愿退回修改",
        "A wish was returned",
        "心愿 {code}（{item}）需要修改，原因见心愿页。",
        "Wish {code} ({item}) needs correction; its page says why.",
    ),
    "reject": _words(
        "心愿未通过",
        "A wish was rejected",
        "心愿 {code}（{item}）未通过核实，原因见心愿页。",
        "Wish {code} ({item}) was rejected; its page says why.",
    ),
    "unpublish": _words(
        "心愿已撤下",
        "A wish was taken down",
        "心愿 {code}（{item}）暂停征集，原因见心愿页。",
        "Wish {code} ({item}) was taken down; its page says why.",
    ),
    "propose": _words(
        "有心愿派给您",
        "A wish is proposed to you",
        "心愿 {code}（{item}）派给了您，请接受或婉拒。",
        "Wish {code} ({item}) is proposed to you: please accept or decline.",
    ),
    "claimed": _words(
        "认领成功",
        "You have claimed a wish",
        "您已认领心愿 {code}（{item}），谢谢您。时限和下一步见心愿页。",
        "You have claimed wish {code} ({item}). Thank you. Its page says what to do by when.",
    ),
    "claimed_here": _words(
        "心愿有人认领",
        "A wish was claimed",
        "心愿 {code}（{item}）已有人认领。",
        "Wish {code} ({item}) has been claimed.",
    ),
    "release": _words(
        "心愿已退回",
        "A wish was given back",
        "心愿 {code}（{item}）已退回心愿池，原因见心愿页。",
        "Wish {code} ({item}) was given back into the pool; its page says why.",
    ),
    "lapse": _words(
        "心愿逾期释放",
        "An overdue wish was released",
        "心愿 {code}（{item}）逾期，已放回心愿池由他人认领。",
        "Wish {code} ({item}) was overdue and has gone back into the pool.",
    ),
    "schedule": _words(
        "约定了时间",
        "A date was agreed",
        "心愿 {code}（{item}）已约定时间，详见心愿页。",
        "A date was agreed for wish {code} ({item}); see its page.",
    ),
    "fail_inspection": _words(
        "质检不合格",
        "An inspection failed",
        "心愿 {code}（{item}）质检不合格，请更换，原因见心愿页。",
        "Wish {code} ({item}) failed its inspection: please replace it; its page says why.",
    ),
    "dispatch": _words(
        "心愿已出发",
        "A wish is on its way",
        "心愿 {code}（{item}）正在配送，请准备接收。",
        "Wish {code} ({item}) is on its way: please be ready to receive it.",
    ),
    "undeliverable": _words(
        "心愿未能送达",
        "A wish could not be delivered",
        "心愿 {code}（{item}）未能送达，原因见心愿页。",
        "Wish {code} ({item}) could not be delivered; its page says why.",
    ),
    "moved_away": _words(
        "孩子已搬离",
        "The child moved away",
        "心愿 {code}（{item}）没有送成：孩子已搬离。东西带回仓库，请协调员和社区查问新住处。",
        "Wish {code} ({item}) was not handed over: the child moved away. The thing goes back to the warehouse until it is known where to.",
    ),
    "lose": _words(
        "东西遗失了",
        "A thing was lost",
        "心愿 {code}（{item}）的东西遗失了，请再买一份；不便再买就退回心愿。原因见心愿页。",
        "The thing for wish {code} ({item}) was lost: buy it again, or give the wish back. Its page says why.",
    ),
    "damage": _words(
        "东西损坏了",
        "A thing was damaged",
        "心愿 {code}（{item}）的东西损坏了，请修好或再买一份；不便就退回心愿。原因见心愿页。",
        "The thing for wish {code} ({item}) was damaged: mend it or buy it again, or give the wish back. Its page says why.",
    ),
    "no_show": _words(
        "约定没有办成",
        "An appointment did not take place",
        "心愿 {code}（{item}）的约定没有办成，请另约时间。原因见心愿页。",
        "The appointment for wish {code} ({item}) did not take place: please agree on another time. Its page says why.",
    ),
    "propose_appointment": _words(
        "请确认时间",
        "Please confirm a time",
        "心愿 {code}（{item}）有人提出了见面时间，请在“约定”页确认或另提。",
        "A time was named for wish {code} ({item}): confirm it on its appointment page, or name another.",
    ),
    "agree_appointment": _words(
        "时间已确认",
        "A time was confirmed",
        "心愿 {code}（{item}）的见面时间对方已确认。",
        "The other side confirmed the time for wish {code} ({item}).",
    ),
    "readdress": _words(
        "改送到另一个社区",
        "It goes to another community",
        "孩子搬了家，心愿 {code}（{item}）改送到另一个社区，新的地点见心愿页。标签和签收码照样有效。",
        "The child moved: wish {code} ({item}) goes to another community, named on its page. Label and receipt stay good.",
    ),
    "in_question": _words(
        "一次交接有矛盾",
        "A hand-over is in question",
        "心愿 {code}（{item}）的扫码记录互相矛盾，或认领、标签已变，请到“交接核对”里裁定。",
        "Scans of wish {code} ({item}) contradict each other, or its claim or label changed: settle it on the hand-overs page.",
    ),
    "delivered": _words(
        "心愿已送达",
        "A wish has arrived",
        "心愿 {code}（{item}）已送到孩子手中。",
        "Wish {code} ({item}) has reached the child.",
    ),
    "close": _words(
        "心愿已完成",
        "A wish is complete",
        "心愿 {code}（{item}）已收到反馈，圆满完成，谢谢您。",
        "Feedback for wish {code} ({item}) has come in; it is complete. Thank you.",
    ),
    "dispute": _words(
        "心愿有异议",
        "A wish is disputed",
        "心愿 {code}（{item}）的交接有异议，请查看。",
        "The hand-over of wish {code} ({item}) is disputed: please look at it.",
    ),
    "settle": _words(
        "异议已解决",
        "A dispute is settled",
        "心愿 {code}（{item}）的异议已解决。",
        "The dispute about wish {code} ({item}) is settled.",
    ),
    "redo": _words(
        "心愿需重新办理",
        "A wish has to be done again",
        "心愿 {code}（{item}）需要重新办理，原因见心愿页。",
        "Wish {code} ({item}) has to be done again; its page says why.",
    ),
    "cancel": _words(
        "心愿已取消",
        "A wish was cancelled",
        "心愿 {code}（{item}）已取消，请不要再准备。",
        "Wish {code} ({item}) was cancelled: please do not prepare it any more.",
    ),
}

OF_NO_WISH: dict[str, Wording] = {
    "vetting": _words(
        "请更新无犯罪记录核查",
        "Please renew your check",
        "您的无犯罪记录核查 {due_on} 到期。请在此之前把新的证明交给协调员；到期后不能再接与儿童见面的心愿。",
        "Your no-criminal-record check runs out on {due_on}. Hand a new one to the coordinator before; after that day you "
        "cannot take wishes that mean meeting a child.",
    ),
    "concern": _words(
        "有人报告担忧",
        "Somebody is worried about a child",
        "有人报告了对儿童的担忧，请立即查看“担忧报告”并处理。",
        "A concern about a child was reported: please open “Concerns” and act at once.",
    ),
    "thanks": _words(
        "有人感谢您",
        "Somebody thanks you",
        "您送出的心愿收到了感谢，请在“感谢”页查看。",
        "There are thanks for what you gave: see the page “Thanks”.",
    ),
    "thanks_waiting": _words(
        "有感谢等您过目",
        "Thanks wait for your eyes",
        "有写给捐赠人的感谢，请在“感谢”页看过后转达。",
        "There are words of thanks for a giver: read them on the page “Thanks” before they are passed on.",
    ),
    "access_asked": _words(
        "有查看身份信息的申请",
        "Somebody asks to see identities",
        "有一份查看儿童身份信息的申请等您审批。",
        "A request to see children's identities waits for your decision.",
    ),
    "access_decided": _words(
        "查看申请已处理",
        "Your request was decided",
        "您查看身份信息的申请已处理，请在“身份信息”页查看结果。",
        "Your request to see identities was decided: see the page “Identities”.",
    ),
}
"""Notices about people, their duties and thanks; they name nobody, and no wish."""

DIGEST_TITLE = Text("您有 {count} 条新消息", "You have {count} new messages")
MORE = Text("……另有 {count} 条，请登录查看。", "… and {count} more: sign in to see them.")
LONGEST_LIST = 20
"""A digest names so many notices; the inbox has them all."""


def title(kind: str, language: Language) -> str:
    return _wording(kind).title.say(language)


def line(kind: str, facts: Mapping[str, Any], language: Language) -> str:
    """The notice's one sentence. *facts* are those it was posted with."""
    return _wording(kind).line.say(language, **_shown(facts, language))


def _wording(kind: str) -> Wording:
    return WORDS[kind] if kind in WORDS else OF_NO_WISH[kind]


def compose(notices: Sequence[tuple[str, Mapping[str, Any]]], language: Language) -> tuple[str, str]:
    """Title and body of the message that carries *notices* (kind and facts of each) to one person."""
    lines = [line(kind, facts, language) for kind, facts in notices[:LONGEST_LIST]]
    if len(notices) == 1:
        return title(notices[0][0], language), lines[0]
    if len(notices) > LONGEST_LIST:
        lines.append(MORE.say(language, count=len(notices) - LONGEST_LIST))
    return DIGEST_TITLE.say(language, count=len(notices)), "\n".join(lines)


def _shown(facts: Mapping[str, Any], language: Language) -> dict[str, Any]:
    shown = {"code": "", "item": "", "due_on": "", "todo": "", **facts}
    if stage := facts.get("stage"):
        status = Status(stage)
        shown["todo"] = NEXT_STEP[status].say(language) if status in NEXT_STEP else STATUS_LABEL[status].say(language)
    if due_on := facts.get("due_on"):
        day = date.fromisoformat(due_on)
        shown["due_on"] = f"{day.month}月{day.day}日" if language == "zh" else day.isoformat()
    return shown


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """A notice as an inbox shows it."""

    title: str
    body: str
    icon: str
    tone: str


_LOOK: dict[str, tuple[str, str]] = {
    "remind": ("clock", "wait"),
    "warn": ("alert", "wait"),
    "escalate": ("alert", "bad"),
    "lapse": ("undo", "bad"),
    "reserve": ("box", "wait"),
    "release": ("undo", "wait"),
    "propose": ("match", ""),
    "claimed": ("heart", "good"),
    "claimed_here": ("heart", ""),
    "delivered": ("check-circle", "good"),
    "close": ("smile", "good"),
    "dispatch": ("truck", ""),
    "schedule": ("calendar", ""),
    "cancel": ("x", "bad"),
    "reject": ("x-circle", "bad"),
    "dispute": ("flag", "bad"),
    "fail_inspection": ("x-circle", "bad"),
    "undeliverable": ("alert", "wait"),
    "moved_away": ("alert", "wait"),
    "lose": ("alert", "bad"),
    "damage": ("alert", "bad"),
    "no_show": ("alert", "wait"),
    "propose_appointment": ("calendar", "wait"),
    "agree_appointment": ("calendar", "good"),
    "readdress": ("truck", "wait"),
    "in_question": ("alert", "bad"),
    "vetting": ("shield", "wait"),
    "concern": ("alert", "bad"),
    "thanks": ("heart", "good"),
    "thanks_waiting": ("heart", "wait"),
    "access_asked": ("lock", "wait"),
    "access_decided": ("lock", ""),
}


def notice_words(kind: str, facts: Mapping[str, Any], *, item: str, code: str, language: Language) -> NoticeWords:
    """A notice's words and look. *item* and *code* are the wish's of today, where the facts lack them."""
    icon, tone = _LOOK.get(kind, ("bell", ""))
    return NoticeWords(title(kind, language), line(kind, {"item": item, "code": code, **facts}, language), icon, tone)
