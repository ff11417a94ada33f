"""The papers of a campaign as PDF, drawn from the database in streams: no run is cut short, however long it is.

A run reads its wishes a few hundred at a time, each few in a transaction of their own; what is held in memory is the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, groupby
from typing import Any, BinaryIO, Final, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.queries import campaign_by_id
from wishes.claims.tables import Claim, ClaimState
from wishes.custody.tables import Box
from wishes.custody.tables import Parcel as PackedParcel
from wishes.db import Database
from wishes.errors import Invalid
from wishes.feedback.links import make_guardians_codes
from wishes.feedback.slips import FeedbackSlip, write_feedback_slips
from wishes.handover.box_list import BoxList, Thing, write_box_lists
from wishes.handover.keys import signing_keys
from wishes.handover.label_issue import Issued, issue_many
from wishes.handover.label_slips import Slip, write_slips
from wishes.handover.labels import FORMATS, Label, write_labels
from wishes.handover.round_sheet import Parcel, Stop, Village, write_round_sheets
from wishes.handover.thanks_cards import write_thanks_cards
from wishes.handover.thanks_givers import cards_of
from wishes.handover.tokens import TokenSigner, human_code
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter, WishRow, list_wishes
from wishes.lifecycle import FINISHED, HELD, Status
from wishes.model import table_of
from wishes.protection.keyring import Keyring
from wishes.settings import Settings

_Row = TypeVar("_Row")
_BOX, _CLAIM, _PARCEL, _WISH = (table_of(each) for each in (Box, Claim, PackedParcel, Wish))
LAYOUTS: Final = tuple(FORMATS)
_BATCH: Final = 600
NOTHING: Final = Text(
    "现在没有要打印的。先把心愿标为“已买好”。", "There is nothing to print yet. Mark wishes as bought first."
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of paper. ``stages`` are those it is printed for when nobody says otherwise; who has one of ``duties`` may print it."""

    title: Text
    help: Text
    duties: tuple[str, ...]
    stages: tuple[Status, ...]
    layouts: tuple[str, ...] = ()


PAPERS: Final[dict[str, Paper]] = {
    "labels": Paper(
        Text("包裹标签", "Parcel labels"),
        Text("贴在包裹上：二维码、化名、村码、箱号，没有姓名和心愿内容。", "For the parcels: code, alias, village, box; no name, no wish."),
        ("labels.print",),
        (Status.READY, Status.INSPECTED),
        LAYOUTS,
    ),
    "receipts": Paper(
        Text("签收凭条", "Receipt slips"),
        Text("折好交给监护人或儿童主任，不能经过送达人。", "Folded, for the guardian or children's director; never by the courier."),
        ("receipts.print",),
        HELD,
    ),
    "rounds": Paper(
        Text("送货单（按村）", "Round sheets by village"),
        Text("没有手机的送货人用：每个孩子一行，打勾、抄签收码、签名，回来录入。", "For carriers without a phone: a line per child to tick, copy the code and sign; typed in later."),
        ("labels.print", "receipts.print"),
        (Status.INSPECTED, Status.IN_TRANSIT),
    ),
    "boxes": Paper(
        Text("装箱单", "Box lists"),
        Text("放在箱内：每件的化名、包裹码、物品，装箱开箱各勾一次。", "To lie in the box: alias, code and thing of each parcel, ticked when packed and when opened."),
        ("labels.print",),
        (Status.INSPECTED, Status.IN_TRANSIT),
    ),
    "answers": Paper(
        Text("反馈单", "Feedback slips"),
        Text("送到之后发给家里：扫码或输入 11 位评价，不用登录。不要交给送货人。", "For families once it has arrived: they scan or type a code. Not by the courier."),
        ("receipts.print",),
        (Status.DELIVERED,),
    ),
    "thanks": Paper(
        Text("感谢卡", "Thank-you cards"),
        Text("每个支部、志愿者一张：送到多少、哪类，家里的话。不透露是哪个孩子。", "One for each giver: how many arrived, of what kind, what families said. It tells nobody which child."),
        ("campaign.coordinate",),
        FINISHED,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be printed: a key of :data:`PAPERS`, for which wishes, on which label paper."""

    kind: str
    narrowed: Filter
    layout: str = "a4-24"


@dataclass(frozen=True, slots=True)
class Press:
    """What every run needs."""

    database: Database
    keyring: Keyring
    settings: Settings
    now: datetime

    @property
    def signer(self) -> TokenSigner:
        return signing_keys(self.keyring)[0]


def order_of(
    kind: str,
    *,
    statuses: tuple[Status, ...] = (),
    county_code: str = "",
    community_ids: tuple[int, ...] | None = None,
    layout: str = "",
) -> Order:
    """An order for *kind*, its usual stages where none is named. Raises Invalid for an unknown paper or layout,
    and for a stage that the paper is not for."""
    if kind not in PAPERS:
        raise Invalid("kind", Text("没有这种单据：{kind}。", "There is no such paper: {kind}."), kind=kind[:20])
    layout = layout or "a4-24"
    if layout not in LAYOUTS:
        raise Invalid(
            "layout", Text("没有这种标签纸：{layout}。", "There is no such label format: {layout}."), layout=layout[:20]
        )
    usual = PAPERS[kind].stages
    if not set(statuses) <= set(HELD if usual[0] in HELD else FINISHED):
        raise Invalid(
            "status",
            Text(
                "这种单据不用于所选的阶段：没送到的不能印感谢和反馈单，送到的不再印标签。",
                "This paper is not for that stage: thanks and feedback slips after the delivery, the others before it.",
            ),
        )
    narrowed = Filter(statuses=statuses or usual, county_code=county_code, community_ids=community_ids)
    return Order(kind, narrowed, layout)


def count_of(session: Session, campaign_id: int, order: Order) -> int:
    """How many wishes the order is for."""
    counted = sa.select(sa.func.count()).select_from(_WISH).where(*order.narrowed.conditions(campaign_id))
    return int(session.execute(counted).scalar_one())


def communities_with(session: Session, campaign_id: int, narrowed: Filter) -> list[int]:
    """The communities that have wishes which the filter lets through, township by township."""
    found = sa.select(_WISH.c.community_id, _WISH.c.township_code).where(*narrowed.conditions(campaign_id)).distinct()
    return [row.community_id for row in session.execute(found.order_by(_WISH.c.township_code, _WISH.c.community_id))]


def print_order(
    press: Press, campaign_id: int, order: Order, out: BinaryIO, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write the PDF of *order* to *out*; answers how many wishes are on it, and tells *progress* as it goes.

    Raises Invalid when there is none. Effects: codes are issued where there were none, in transactions of their own.
    """
    fonts_dir = press.settings.static_dir / "vendor" / "fonts"
    said: dict[str, Any] = {"fonts_dir": fonts_dir, "progress": progress}
    if order.kind in ("labels", "receipts", "answers"):
        said["base_url"] = press.settings.base_url
    else:
        with press.database.reading() as session:
            said["campaign"] = campaign_by_id(session, campaign_id).name
    if order.kind == "labels":
        stream = _nonempty(_wishes(press, campaign_id, order.narrowed))
        return write_labels((_label(held) for held in stream), out, layout=order.layout, **said)
    if order.kind == "receipts":
        stream = _nonempty(_wishes(press, campaign_id, order.narrowed))
        return write_slips((_slip(held) for held in stream), out, **said)
    if order.kind == "answers":
        return write_feedback_slips(_nonempty(_answers(press, campaign_id, order.narrowed)), out, **said)
    if order.kind == "boxes":
        return write_box_lists(_nonempty(_boxes(press, campaign_id, order.narrowed)), out, **said)
    if order.kind == "rounds":
        return write_round_sheets(_nonempty(_villages(press, campaign_id, order.narrowed)), out, **said)
    with press.database.reading() as session:
        cards = cards_of(session, campaign_id, order.narrowed)
    return write_thanks_cards(_nonempty(iter(cards)), out, **said)


def label_of_wish(press: Press, campaign_id: int, wish: WishRow, out: BinaryIO, *, layout: str, alias: bool) -> None:
    """The one label of a wish that somebody holds; with *alias* only for who knows it. Raises Invalid as :func:`print_order`."""
    rows = list(_wishes(press, campaign_id, Filter(ids=(wish.id,), statuses=HELD)))
    if not rows:
        raise Invalid("status", NOTHING)
    labels = [_label(held) if alias else replace(_label(held), alias="") for held in rows]
    fonts_dir = press.settings.static_dir / "vendor" / "fonts"
    write_labels(labels, out, layout=layout, base_url=press.settings.base_url, fonts_dir=fonts_dir)


def village_code(row: WishRow) -> str:
    """What sorts parcels by village and tells a stranger nothing: the township's code and the community's number."""
    return f"{row.township_code}-{row.community_id}"


@dataclass(frozen=True, slots=True)
class _Held:
    """A wish that somebody holds, its codes, and the number of its box."""

    row: WishRow
    codes: Issued
    box: str

    @property
    def label_code(self) -> str:
        return human_code(self.codes.label(self.row.id))


def _wishes(press: Press, campaign_id: int, narrowed: Filter) -> Iterator[_Held]:
    """The wishes the filter lets through that somebody holds, with their codes; a few hundred at a time."""
    after: int | None = 0
    while after is not None:
        with press.database.transaction() as session:
            page = list_wishes(session, campaign_id, narrowed, after=after, limit=_BATCH)
            ids = [row.id for row in page.rows]
            codes = issue_many(session, ids, signer=press.signer, now=press.now)
            boxes = box_numbers(session, ids)
        yield from (_Held(row, codes, boxes.get(row.id, "")) for row in page.rows if row.id in codes)
        after = page.after


def _nonempty(stream: Iterator[_Row]) -> Iterator[_Row]:
    """The same stream. Raises Invalid when there is nothing in it, before the first page is begun."""
    for first in stream:
        return chain([first], stream)
    raise Invalid("status", NOTHING)


def _villages(press: Press, campaign_id: int, narrowed: Filter) -> Iterator[Village]:
    """One community after the other, in the order of their townships; each child's parcels together."""
    with press.database.reading() as session:
        communities = communities_with(session, campaign_id, narrowed)
    for community_id in communities:
        here = replace(narrowed, community_ids=(community_id,))
        held = sorted(_wishes(press, campaign_id, here), key=lambda one: (one.row.alias, one.row.child_id, one.row.id))
        stops = tuple(
            Stop(
                parcels[0].row.alias,
                tuple(Parcel(one.row.code, one.label_code, one.row.category, one.box) for one in parcels),
            )
            for _, group in groupby(held, key=lambda one: one.row.child_id)
            if (parcels := list(group))
        )
        if stops:
            yield Village(held[0].row.community, village_code(held[0].row), stops)


def _answers(press: Press, campaign_id: int, narrowed: Filter) -> Iterator[FeedbackSlip]:
    after: int | None = 0
    while after is not None:
        with press.database.transaction() as session:
            page = list_wishes(session, campaign_id, narrowed, after=after, limit=_BATCH)
            ids = [row.id for row in page.rows]
            codes = make_guardians_codes(session, ids, campaign_id=campaign_id, keyring=press.keyring, now=press.now)
        yield from (FeedbackSlip(codes[row.id], row.alias, village_code(row)) for row in page.rows)
        after = page.after


def _boxes(press: Press, campaign_id: int, narrowed: Filter) -> Iterator[BoxList]:
    """The boxes in which parcels of these wishes lie, by number; a child's things stand together."""
    boxed = [one for one in _wishes(press, campaign_id, narrowed) if one.box]
    boxed.sort(key=lambda one: (int(one.box), one.row.alias, one.row.child_id, one.row.id))
    for number, group in groupby(boxed, key=lambda one: one.box):
        inside = list(group)
        things = tuple(
            Thing(
                one.row.code, one.label_code, one.row.alias, one.row.category, f"{one.row.item} {one.row.size}".strip(),
                one.row.quantity,
            )
            for one in inside
        )  # fmt: skip
        yield BoxList(number, inside[0].row.community, village_code(inside[0].row), things)


def box_numbers(session: Session, wish_ids: Sequence[int]) -> dict[int, str]:
    """Wish → number of the box its parcel lies in, for the claim that is alive."""
    rows = session.execute(
        sa.select(_PARCEL.c.wish_id, _BOX.c.number)
        .join(_BOX, _BOX.c.id == _PARCEL.c.box_id)
        .join(_CLAIM, _CLAIM.c.id == _PARCEL.c.claim_id)
        .where(_PARCEL.c.wish_id.in_(wish_ids), _CLAIM.c.state == ClaimState.LIVE)
    )
    return {row.wish_id: str(row.number) for row in rows}


def _label(held: _Held) -> Label:
    row = held.row
    return Label(held.codes.label(row.id), row.category, row.alias, village_code(row), held.box)


def _slip(held: _Held) -> Slip:
    row, codes = held.row, held.codes
    return Slip(codes.receipt(row.id), codes.label(row.id), alias=row.alias, place=village_code(row), item=row.item)
