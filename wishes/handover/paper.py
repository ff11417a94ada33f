"""Labels and receipt slips of many wishes as one PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from wishes.errors import Invalid
from wishes.handover.actions import issue_codes
from wishes.handover.label_slips import Slip, write_slips
from wishes.handover.labels import FORMATS, Label, write_labels
from wishes.handover.tokens import TokenSigner
from wishes.i18n import Text
from wishes.intake.wishes import Filter, WishRow, list_wishes
from wishes.settings import Settings

LAYOUTS: Final = tuple(FORMATS)
MOST_AT_ONCE: Final = 2000
_NOTHING = Text(
    "现在没有要打印的。先把心愿标为“已买好”。", "There is nothing to print yet. Mark wishes as bought first."
)


def printable(session: Session, campaign_id: int, narrowed: Filter) -> list[WishRow]:
    """The first :data:`MOST_AT_ONCE` wishes the filter lets through. Raises Invalid when there is none."""
    rows = list_wishes(session, campaign_id, narrowed, limit=MOST_AT_ONCE).rows
    if not rows:
        raise Invalid("status", _NOTHING)
    return rows


def labels_pdf(
    session: Session, rows: Sequence[WishRow], *, signer: TokenSigner, settings: Settings, now: datetime, layout: str
) -> io.BytesIO:
    """Parcel labels: code, item and township; nothing of the child. Effects: codes are issued where there were none."""
    out = io.BytesIO()
    labels = [
        Label(
            issue_codes(session, wish_id=row.id, signer=signer, now=now).label,
            row.category,
            item=row.item,
            detail=f"{row.size} × {row.quantity}" if row.size else f"× {row.quantity}",
            place=row.township_code,
        )
        for row in rows
    ]
    write_labels(
        labels, out, layout=layout, base_url=settings.base_url, fonts_dir=settings.static_dir / "vendor" / "fonts"
    )
    return out


def receipts_pdf(
    session: Session, rows: Sequence[WishRow], *, signer: TokenSigner, settings: Settings, now: datetime
) -> io.BytesIO:
    """Sealed receipt slips for the receiving side. Effects: codes are issued where there were none."""
    out = io.BytesIO()
    slips = []
    for row in rows:
        codes = issue_codes(session, wish_id=row.id, signer=signer, now=now)
        slips.append(Slip(codes.receipt, codes.label, place=row.township_code, item=row.item))
    write_slips(slips, out, base_url=settings.base_url, fonts_dir=settings.static_dir / "vendor" / "fonts")
    return out
