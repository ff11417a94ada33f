"""The papers of a campaign as PDF, drawn from the database in streams: no run is cut short, however long it is.

A run reads its wishes a few hundred at a time, each few in a transaction of their own; what is held in memory is the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.db import Database
from wishes.errors import Invalid
from wishes.handover.label_issue import Issued, issue_many
from wishes.handover.label_slips import Slip, write_slips
from wishes.handover.labels import FORMATS, Label, write_labels
from wishes.handover.tokens import TokenSigner
from wishes.i18n import Text
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter, WishRow, list_wishes
from wishes.lifecycle import HELD, Status
from wishes.model import table_of
from wishes.settings import Settings

_WISH = table_of(Wish)
LAYOUTS: Final = tuple(FORMATS)
_BATCH: Final = 600
NOTHING: Final = Text(
    "现在没有要打印的。先把心愿标为“已买好”。", "There is nothing to print yet. Mark wishes as bought first."
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One kind of paper. ``stages`` are those it is printed for when nobody says otherwise, ``duty`` who may print it."""

    title: Text
    help: Text
    duty: str
    stages: tuple[Status, ...]
    layouts: tuple[str, ...] = ()


PAPERS: Final[dict[str, Paper]] = {
    "labels": Paper(
        Text("包裹标签", "Parcel labels"),
        Text("贴在包裹上：二维码、化名、村码、箱号，没有姓名和心愿内容。", "For the parcels: code, alias, village, box; no name, no wish."),
        "labels.print",
        (Status.READY, Status.INSPECTED),
        LAYOUTS,
    ),
    "receipts": Paper(
        Text("签收凭条", "Receipt slips"),
        Text("折好交给监护人或儿童主任，不能经过送达人。", "Folded, for the guardian or children's director; never by the courier."),
        "receipts.print",
        HELD,
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
    signer: TokenSigner
    settings: Settings
    now: datetime


def order_of(
    kind: str,
    *,
    statuses: tuple[Status, ...] = (),
    county_code: str = "",
    community_ids: tuple[int, ...] | None = None,
    layout: str = "",
) -> Order:
    """An order for *kind*, its usual stages where none is named. Raises Invalid for an unknown paper or layout."""
    if kind not in PAPERS:
        raise Invalid("kind", Text("没有这种单据：{kind}。", "There is no such paper: {kind}."), kind=kind[:20])
    layout = layout or "a4-24"
    if layout not in LAYOUTS:
        raise Invalid(
            "layout", Text("没有这种标签纸：{layout}。", "There is no such label format: {layout}."), layout=layout[:20]
        )
    narrowed = Filter(statuses=statuses or PAPERS[kind].stages, county_code=county_code, community_ids=community_ids)
    return Order(kind, narrowed, layout)


def count_of(session: Session, campaign_id: int, order: Order) -> int:
    """How many wishes the order is for."""
    counted = sa.select(sa.func.count()).select_from(_WISH).where(*order.narrowed.conditions(campaign_id))
    return int(session.execute(counted).scalar_one())


def print_order(
    press: Press, campaign_id: int, order: Order, out: BinaryIO, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write the PDF of *order* to *out*; answers how many wishes are on it, and tells *progress* as it goes.

    Raises Invalid when there is none. Effects: codes are issued where there were none, in transactions of their own.
    """
    fonts_dir = press.settings.static_dir / "vendor" / "fonts"
    said = {"base_url": press.settings.base_url, "fonts_dir": fonts_dir, "progress": progress}
    stream = _wishes(press, campaign_id, order.narrowed)
    first = next(stream, None)
    if first is None:
        raise Invalid("status", NOTHING)
    rows = _again(first, stream)
    if order.kind == "labels":
        return write_labels((_label(row, codes) for row, codes in rows), out, layout=order.layout, **said)  # type: ignore[arg-type]
    return write_slips((_slip(row, codes) for row, codes in rows), out, **said)  # type: ignore[arg-type]


def label_of_wish(press: Press, campaign_id: int, wish: WishRow, out: BinaryIO, *, layout: str, alias: bool) -> None:
    """The one label of a wish that somebody holds; with *alias* only for who knows it. Raises Invalid as :func:`print_order`."""
    rows = list(_wishes(press, campaign_id, Filter(ids=(wish.id,), statuses=HELD)))
    if not rows:
        raise Invalid("status", NOTHING)
    labels = [_label(row if alias else replace(row, alias=""), codes) for row, codes in rows]
    fonts_dir = press.settings.static_dir / "vendor" / "fonts"
    write_labels(labels, out, layout=layout, base_url=press.settings.base_url, fonts_dir=fonts_dir)


def village_code(row: WishRow) -> str:
    """What sorts parcels by village and tells a stranger nothing: the township's code and the community's number."""
    return f"{row.township_code}-{row.community_id}"


_Held = tuple[WishRow, Issued]


def _wishes(press: Press, campaign_id: int, narrowed: Filter) -> Iterator[_Held]:
    """The wishes the filter lets through that somebody holds, with their codes; a few hundred at a time."""
    after: int | None = 0
    while after is not None:
        with press.database.transaction() as session:
            page = list_wishes(session, campaign_id, narrowed, after=after, limit=_BATCH)
            codes = issue_many(session, [row.id for row in page.rows], signer=press.signer, now=press.now)
        yield from ((row, codes) for row in page.rows if row.id in codes)
        after = page.after


def _again(first: _Held, rest: Iterator[_Held]) -> Iterator[_Held]:
    yield first
    yield from rest


def _label(row: WishRow, codes: Issued) -> Label:
    return Label(codes.label(row.id), row.category, row.alias, village_code(row))


def _slip(row: WishRow, codes: Issued) -> Slip:
    return Slip(codes.receipt(row.id), codes.label(row.id), alias=row.alias, place=village_code(row), item=row.item)
