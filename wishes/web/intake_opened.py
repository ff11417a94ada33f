"""Files and entries opened for a page: the grid that was kept, readings out of their seals. Holds identities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, url_for
from sqlmodel import Session

from wishes.intake.files import RowState, rows_by_id
from wishes.intake.grids import View, unpack
from wishes.intake.understanding import Entry
from wishes.intake.uploads import OriginalGone
from wishes.protection.vault import Vault
from wishes.web.context import t
from wishes.web.identity import keyring, signed_in
from wishes.web.intake_cards import compared
from wishes.web.intake_pages import originals
from wishes.web.looks import looked

ENTRY_FIELDS = ("name", "birth", "guardian", "phones", "village", "school")
"""What an opened entry may tell of a child."""


def view_for(session: Session, file_id: int) -> View | None:
    """The file's grid; None when it is not read yet, unreadable, or deleted."""
    try:
        packed = originals().read_view(session, file_id)
    except OriginalGone:
        return None
    if packed:
        looked(campaign_id=g.campaign.id, file_id=file_id, fields=("sheet",))
    return unpack(packed) if packed else None


def opened_rows(session: Session, ids: Sequence[int]) -> list[tuple[RowState, Entry]]:
    """Rows with their readings, of files that the reader may see; those whose reading was erased are left out."""
    vault = Vault(keyring())
    opened = [(row, row.opened(vault)) for row in rows_by_id(session, ids, signed_in()) if row.reading]
    for row, _ in opened:
        looked(campaign_id=row.campaign_id, file_id=row.file_id, row_id=row.id, fields=ENTRY_FIELDS)
    return opened


def as_it_stands(row: RowState, entry: Entry) -> Entry:
    """The entry with what is said of it now, for marking its problems."""
    entry.reasons = list(row.reasons) if row.status == "rejected" else []
    entry.doubts = list(row.reasons) if row.status == "parked" else []
    entry.warnings = list(row.warnings)
    return entry


def other_entry(session: Session, row_id: int, ours: Entry, places: dict[str, str]) -> dict[str, Any]:
    """The entry that another one repeats, side by side; only that it exists, when it is in another sender's file."""
    found = opened_rows(session, [row_id])
    if not found:
        return {
            "where": t("另一份文件里，您看不到的一行", "a line of a file that is not yours to see"),
            "lines": [],
            "url": "",
        }
    row, theirs = found[0]
    return {
        "where": f"{row.file_name} · {row.sheet} · {row.cell}",
        "lines": compared(ours, theirs, places),
        "url": url_for("intake.row", row_id=row.id),
    }
