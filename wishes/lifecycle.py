"""The life of a wish, as one readable table. The only place that says what may happen.

The guard (:func:`destination`), the buttons on each page, the diagram in the README, the API and the tests are made from
:data:`MOVES`. Pure: no database, no clock, no web.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from wishes.errors import NotPossibleNow
from wishes.i18n import Language, Text


class Status(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    VERIFIED = "verified"
    OPEN = "open"
    PROPOSED = "proposed"
    CLAIMED = "claimed"
    SCHEDULED = "scheduled"
    READY = "ready"
    INSPECTED = "inspected"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What is wished for: a thing, or an hour of somebody's time."""

    GOODS = "goods"
    SERVICE = "service"


class By(StrEnum):
    """How an actor stands to a wish; who may make a move is said in these words (see :mod:`wishes.access`)."""

    COMMUNITY = "community"  # social worker of the wish's community
    BROWSER = "browser"  # a volunteer or branch of the campaign that could take it
    PROPOSED_TO = "proposed_to"  # the volunteer or branch the engine proposed it to
    TAKER = "taker"  # the volunteer or branch that holds the live claim
    COURIER = "courier"
    INSPECTOR = "inspector"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"  # reads, changes nothing
    SYSTEM = "system"  # the matching engine and the sweeps


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow. ``start`` lists the statuses it leaves from; a move with ``reason`` is refused without one."""

    name: str
    start: tuple[Status, ...]
    end: Status
    by: frozenset[By]
    label: Text
    reason: bool = False
    only: Kind | None = None


STATUS_LABEL: dict[Status, Text] = {
    Status.DRAFT: Text("草稿", "Draft"),
    Status.SUBMITTED: Text("待核实", "To be verified"),
    Status.REJECTED: Text("未通过", "Rejected"),
    Status.VERIFIED: Text("已核实", "Verified"),
    Status.OPEN: Text("待认领", "Open"),
    Status.PROPOSED: Text("已派单", "Proposed"),
    Status.CLAIMED: Text("已认领", "Claimed"),
    Status.SCHEDULED: Text("已约定", "Scheduled"),
    Status.READY: Text("已备好", "Ready"),
    Status.INSPECTED: Text("已质检", "Inspected"),
    Status.IN_TRANSIT: Text("配送中", "On its way"),
    Status.DELIVERED: Text("已送达", "Delivered"),
    Status.DISPUTED: Text("有异议", "Disputed"),
    Status.CLOSED: Text("已完成", "Closed"),
    Status.CANCELLED: Text("已取消", "Cancelled"),
}

_S = Status
_BEFORE_DELIVERY = (
    _S.DRAFT,
    _S.SUBMITTED,
    _S.VERIFIED,
    _S.OPEN,
    _S.PROPOSED,
    _S.CLAIMED,
    _S.SCHEDULED,
    _S.READY,
    _S.INSPECTED,
    _S.IN_TRANSIT,
)
HELD = (_S.CLAIMED, _S.SCHEDULED, _S.READY, _S.INSPECTED, _S.IN_TRANSIT)
"""Statuses in which exactly one live claim holds the wish."""
FINISHED = (_S.DELIVERED, _S.CLOSED)
TERMINAL = (_S.CLOSED, _S.CANCELLED, _S.REJECTED)

AWAITED: dict[Status, frozenset[By]] = {
    _S.SUBMITTED: frozenset({By.COMMUNITY}),
    _S.CLAIMED: frozenset({By.TAKER}),
    _S.SCHEDULED: frozenset({By.TAKER, By.COMMUNITY}),
    _S.READY: frozenset({By.TAKER, By.INSPECTOR}),
    _S.INSPECTED: frozenset({By.TAKER, By.COURIER, By.INSPECTOR}),
    _S.IN_TRANSIT: frozenset({By.TAKER, By.COURIER, By.COMMUNITY}),
    _S.DELIVERED: frozenset({By.COMMUNITY}),
}
"""Who is waited for in a stage, and so may say that it is under way or will be late. Coordinators may in every stage."""


def _move(
    name: str,
    start: Status | Iterable[Status],
    end: Status,
    by: str,
    zh: str,
    en: str,
    *,
    reason: bool = False,
    only: Kind | None = None,
) -> Move:
    starts = (start,) if isinstance(start, Status) else tuple(start)
    return Move(name, starts, end, frozenset(By(word) for word in by.split()), Text(zh, en), reason, only)


# fmt: off
MOVES: dict[str, Move] = {move.name: move for move in (
    #     name                  from                 to              by whom                            labels
    _move("submit",             _S.DRAFT,            _S.SUBMITTED,   "community coordinator",           "提交", "submit"),
    _move("return",             _S.SUBMITTED,        _S.DRAFT,       "community coordinator",           "退回修改", "return for correction", reason=True),
    _move("reject",             _S.SUBMITTED,        _S.REJECTED,    "community coordinator",           "不予通过", "reject", reason=True),
    _move("verify",             _S.SUBMITTED,        _S.VERIFIED,    "coordinator",                     "核实通过", "verify"),
    _move("publish",            _S.VERIFIED,         _S.OPEN,        "coordinator",                     "公开征集", "publish"),
    _move("unpublish",          _S.OPEN,             _S.VERIFIED,    "coordinator",                     "撤下", "take down", reason=True),
    _move("propose",            _S.OPEN,             _S.PROPOSED,    "system coordinator",              "派单", "propose"),
    _move("accept",             _S.PROPOSED,         _S.CLAIMED,     "proposed_to",                     "接受", "accept"),
    _move("decline",            _S.PROPOSED,         _S.OPEN,        "proposed_to coordinator",         "婉拒", "decline", reason=True),
    _move("expire",             _S.PROPOSED,         _S.OPEN,        "system",                          "派单到期", "let the proposal expire"),
    _move("claim",              _S.OPEN,             _S.CLAIMED,     "browser",                         "认领", "claim"),
    _move("release",            (_S.CLAIMED, _S.SCHEDULED, _S.READY, _S.INSPECTED), _S.OPEN, "taker coordinator", "退回心愿", "give back", reason=True),
    _move("lapse",              (_S.CLAIMED, _S.SCHEDULED), _S.OPEN, "system",                          "逾期释放", "release when overdue", reason=True),
    _move("prepare",            _S.CLAIMED,          _S.READY,       "taker coordinator",               "已买好", "mark as bought", only=Kind.GOODS),
    _move("schedule",           _S.CLAIMED,          _S.SCHEDULED,   "taker coordinator",               "约定时间", "agree a date", only=Kind.SERVICE),
    _move("inspect",            _S.READY,            _S.INSPECTED,   "inspector coordinator",           "质检合格", "pass inspection", only=Kind.GOODS),
    _move("fail_inspection",    (_S.READY, _S.INSPECTED), _S.CLAIMED, "inspector coordinator",          "质检不合格", "fail inspection", reason=True, only=Kind.GOODS),
    _move("dispatch",           _S.INSPECTED,        _S.IN_TRANSIT,  "courier inspector coordinator",   "出发配送", "send off", only=Kind.GOODS),
    _move("undeliverable",      _S.IN_TRANSIT,       _S.INSPECTED,   "courier coordinator",             "无法送达", "mark undeliverable", reason=True, only=Kind.GOODS),
    _move("moved_away",         _S.IN_TRANSIT,       _S.INSPECTED,   "taker courier community coordinator", "孩子已搬离", "note that the child moved away", reason=True, only=Kind.GOODS),
    _move("lose",               (_S.READY, _S.INSPECTED, _S.IN_TRANSIT), _S.CLAIMED, "taker courier inspector coordinator", "登记遗失", "report as lost", reason=True, only=Kind.GOODS),
    _move("damage",             (_S.READY, _S.INSPECTED, _S.IN_TRANSIT), _S.CLAIMED, "taker courier inspector coordinator", "登记损坏", "report as damaged", reason=True, only=Kind.GOODS),
    _move("deliver",            _S.IN_TRANSIT,       _S.DELIVERED,   "taker courier community coordinator", "确认送达", "confirm the hand-over", only=Kind.GOODS),
    _move("deliver_directly",   (_S.READY, _S.INSPECTED), _S.DELIVERED, "taker community coordinator",  "直接送达", "hand over directly", only=Kind.GOODS),
    _move("attend",             _S.SCHEDULED,        _S.DELIVERED,   "taker community coordinator",     "确认完成", "confirm it took place", only=Kind.SERVICE),
    _move("no_show",            _S.SCHEDULED,        _S.CLAIMED,     "taker community coordinator",     "没有办成", "note that somebody did not come", reason=True, only=Kind.SERVICE),
    _move("close",              _S.DELIVERED,        _S.CLOSED,      "community coordinator",           "登记反馈", "close with feedback"),
    _move("dispute",            (_S.DELIVERED, _S.CLOSED), _S.DISPUTED, "community coordinator",        "提出异议", "dispute", reason=True),
    _move("settle",             _S.DISPUTED,         _S.DELIVERED,   "coordinator",                     "异议已解决", "settle the dispute", reason=True),
    _move("redo",               _S.DISPUTED,         _S.CLAIMED,     "coordinator",                     "重新办理", "do it again", reason=True),
    _move("cancel",             _BEFORE_DELIVERY,    _S.CANCELLED,   "community coordinator",           "取消心愿", "cancel the wish", reason=True),
)}
# fmt: on


DONE_LABEL: dict[str, Text] = {
    "submit": Text("已提交", "Submitted"),
    "return": Text("已退回修改", "Returned for correction"),
    "reject": Text("未予通过", "Rejected"),
    "verify": Text("已核实通过", "Verified"),
    "publish": Text("已公开征集", "Published"),
    "unpublish": Text("已撤下", "Taken down"),
    "propose": Text("已派单", "Proposed"),
    "accept": Text("已接受", "Accepted"),
    "decline": Text("已婉拒", "Declined"),
    "expire": Text("派单到期未答复", "Proposal ran out unanswered"),
    "claim": Text("已认领", "Claimed"),
    "release": Text("已退回心愿", "Given back"),
    "lapse": Text("逾期，已释放", "Overdue, released"),
    "prepare": Text("已买好", "Bought"),
    "schedule": Text("已约定时间", "Date agreed"),
    "inspect": Text("质检合格", "Passed inspection"),
    "fail_inspection": Text("质检不合格", "Failed inspection"),
    "dispatch": Text("已出发配送", "Sent off"),
    "undeliverable": Text("未能送达", "Could not be delivered"),
    "moved_away": Text("孩子已搬离", "The child moved away"),
    "lose": Text("已登记遗失", "Reported as lost"),
    "damage": Text("已登记损坏", "Reported as damaged"),
    "deliver": Text("已确认送达", "Handed over"),
    "deliver_directly": Text("已直接送达", "Handed over directly"),
    "attend": Text("已确认完成", "Took place"),
    "no_show": Text("约定没有办成", "The appointment did not take place"),
    "close": Text("已登记反馈", "Closed with feedback"),
    "dispute": Text("已提出异议", "Disputed"),
    "settle": Text("异议已解决", "Dispute settled"),
    "redo": Text("已重新办理", "To be done again"),
    "cancel": Text("已取消", "Cancelled"),
}
"""What a move is called once it was made, by its name."""

NEXT_STEP: dict[str, Text] = {
    "fail_inspection": Text(
        "请认领方换一件，再送来查验。", "Whoever took it replaces it and brings it for another look."
    ),
    "undeliverable": Text(
        "东西带回仓库；请社区确认接收时间，再装箱出发。",
        "It goes back to the warehouse; the community names a time, then it is packed and sent off again.",
    ),
    "moved_away": Text(
        "东西带回仓库；请协调员和社区查问孩子的新住处，找到就改送，找不到就取消心愿、东西归应急库。",
        "It goes back to the warehouse; coordinator and community find out where the child is: it is sent there, or the wish is "
        "cancelled and the thing goes to the reserve.",
    ),
    "lose": Text(
        "请认领方再买一份；不便再买就退回心愿，由别人或应急库接手。",
        "Whoever took it buys it again, or gives the wish back for somebody else or the reserve.",
    ),
    "damage": Text(
        "请认领方修好或再买一份，重新查验；不便就退回心愿。",
        "Whoever took it mends it or buys it again for another look, or gives the wish back.",
    ),
    "no_show": Text(
        "请双方另约时间；两次没来，由协调员决定是否换人。",
        "Both sides agree on another time; after a second time a coordinator decides.",
    ),
}
"""What is to be done after a move that sets a wish back: said when it is made, and on the wish's page until the next move."""


def destination(name: str, status: Status, kind: Kind) -> Status:
    """Where move *name* leads from *status*.

    Raises :class:`~wishes.errors.NotPossibleNow` when the table has no such arrow. Source: :data:`MOVES`.
    """
    move = MOVES[name]
    if status not in move.start or (move.only is not None and move.only is not kind):
        here = STATUS_LABEL[status]
        raise NotPossibleNow(
            status=str(status),
            action=name,
            status_zh=here.zh,
            status_en=here.en,
            action_zh=move.label.zh,
            action_en=move.label.en,
        )
    return move.end


def moves_from(status: Status, kind: Kind) -> Iterator[Move]:
    """The moves that leave *status* for a wish of *kind*, in the table's order."""
    for move in MOVES.values():
        if status in move.start and move.only in (None, kind):
            yield move


def mermaid(language: Language = "en") -> str:
    """The table as a Mermaid state diagram; the README's picture is this text."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.DRAFT}"]
    lines.extend(f"    {status}: {text.say(language)}" for status, text in STATUS_LABEL.items())
    for move in MOVES.values():
        if move.name == "cancel":
            continue
        label = move.label.say(language)
        lines.extend(f"    {start} --> {move.end}: {label}" for start in move.start)
    note = (
        "送达前的任何一步都可以取消（cancelled）"
        if language == "zh"
        else "a wish can be cancelled at any step before delivery"
    )
    lines += [f"    note right of {Status.CANCELLED}", f"        {note}", "    end note"]
    lines += [f"    {status} --> [*]" for status in TERMINAL]
    return "\n".join(lines)
