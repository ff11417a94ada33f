"""From a file's bytes to grids of values, whatever the sender's program made of them. Knows nothing of wishes."""

from __future__ import annotations

from wishes.intake.reading.delimited import CSV_SHEET, read_delimited
from wishes.intake.reading.errors import PROBLEMS, UnreadableFile
from wishes.intake.reading.grid import Sheet, Span, Value, Workbook, cell_name, column_name, column_number
from wishes.intake.reading.limits import LIMITS, Limits
from wishes.intake.reading.xlsx import read_xlsx

__all__ = [
    "CSV_SHEET",
    "LIMITS",
    "PROBLEMS",
    "Limits",
    "Sheet",
    "Span",
    "UnreadableFile",
    "Value",
    "Workbook",
    "cell_name",
    "column_name",
    "column_number",
    "read_workbook",
]

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BEFORE_OLE = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
"""How Excel 2 to 95 begin a file outside a container."""
_PROGRAMS = (b"MZ", b"\x7fELF", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")


def read_workbook(data: bytes, name: str, limits: Limits = LIMITS) -> Workbook:
    """Read ``data``; what it is is told by its first bytes, not by ``name``.

    Macros never run, external links are not followed. Raises UnreadableFile with one sentence for people.
    """
    if not data:
        raise UnreadableFile("empty")
    if len(data) > limits.file_size:
        raise UnreadableFile("too_big")
    if data.startswith(_ZIP):
        return read_xlsx(data, name, limits)
    if data.startswith(_OLE):
        # Excel wraps a workbook with a password into the old container.
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        raise UnreadableFile("encrypted" if encrypted else "old_excel")
    if data.startswith(_BEFORE_OLE):
        raise UnreadableFile("old_excel")
    if data.startswith(b"PK"):
        raise UnreadableFile("damaged")
    if data.startswith(_PROGRAMS):
        raise UnreadableFile("not_a_workbook")
    return read_delimited(data, name, limits)
