"""Comma-, semicolon- and tab-separated text in the encodings Chinese offices produce."""

from __future__ import annotations

import codecs
import csv
import io
import re

from wishes.intake.reading.errors import UnreadableFile
from wishes.intake.reading.grid import Sheet, Value, Workbook
from wishes.intake.reading.limits import Limits

CSV_SHEET = "(csv)"


_MARKUP = re.compile(r"\s*<(?:\?xml|!doctype|html|head|meta|body|table|style|workbook)\b", re.I)
_SEPARATOR_TOLD = re.compile(r"sep=(.)\r?\n", re.I)
"""Excel's own first line, for Excel."""


_NUMBERED = re.compile(r"\s*[(（]?\d{1,3}[.、)）:：]\s*[^\s\d,;\t][^,;\t]{0,40}(?:[，、；\s]|$)")


def decoded(data: bytes) -> str:
    """The text of ``data``: UTF-16 or UTF-8 by their marks, else UTF-8, UTF-16 by its zero bytes, else GB18030.

    Raises UnreadableFile ``unknown_encoding`` or ``not_a_workbook``.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").lstrip("\ufeff")
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace")
    sample = data[:4000]
    zeros = sample.count(0)
    if zeros:
        # Commas and digits in UTF-16 show as zero bytes on one side; a program has them anywhere.
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if odd > 4 * even:
            return data.decode("utf-16-le", "replace")
        if even > 4 * odd:
            return data.decode("utf-16-be", "replace")
        raise UnreadableFile("not_a_workbook")
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            # A file cut in the middle of a character is still worth reading.
            if error.start >= len(data) - 4:
                return data[: error.start].decode(encoding, "replace")
    try:
        return data.decode("big5")
    except UnicodeDecodeError as error:
        raise UnreadableFile("unknown_encoding") from error


def delimiter_of(text: str) -> str:
    """The separator that splits the lines most evenly: comma, tab, semicolon, full-width comma or bar."""
    lines = [line for line in text[:20_000].splitlines()[:60] if line.strip()]
    if 2 * sum(_NUMBERED.match(line) is not None for line in lines) > len(lines):
        return "\t"  # a list pasted from a chat, whose commas are its own
    best, best_score = ",", 0.0
    for candidate in (",", "\t", ";", "，", "|"):
        counts = [line.count(candidate) for line in lines]
        usual = max(set(counts), key=lambda n: (counts.count(n), n), default=0)
        if usual == 0:
            usual = max(counts, default=0)
        # A full-width comma is mostly punctuation inside a cell.
        score = usual * counts.count(usual) * (0.3 if candidate == "，" else 1.0)
        if score > best_score:
            best, best_score = candidate, score
    return best


def read_delimited(data: bytes, name: str, limits: Limits) -> Workbook:
    """Read separated text as one sheet called ``(csv)``. Raises UnreadableFile."""
    text = decoded(data)
    if not text.strip("\x00 \r\n\t"):
        raise UnreadableFile("empty")
    if _MARKUP.match(text):
        raise UnreadableFile("markup")
    printable = sum(1 for c in text[:4000] if c.isprintable() or c in "\r\n\t")
    if printable < 0.95 * len(text[:4000]):
        raise UnreadableFile("not_a_workbook")
    told = _SEPARATOR_TOLD.match(text)
    # The line counts, as every line does, but says nothing.
    rows: list[list[Value]] = [] if told is None else [[]]
    delimiter = delimiter_of(text) if told is None else told[1]
    cells = 0
    # A quote that is never closed would swallow all that follows; then quotes are only characters.
    unclosed = text.count('"') % 2 == 1
    csv.field_size_limit(1_000_000)
    try:
        for row in csv.reader(
            io.StringIO(text[told.end() :] if told is not None else text, newline=""),
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if unclosed else csv.QUOTE_MINIMAL,
        ):
            if len(row) > limits.columns:
                raise UnreadableFile("sheet_too_large")
            cells += len(row)
            if len(rows) >= limits.rows or cells > limits.area:
                raise UnreadableFile("sheet_too_large")
            rows.append([field.strip('"') for field in row] if unclosed else list(row))
    except csv.Error as error:
        raise UnreadableFile("damaged") from error
    return Workbook(name=name, kind="csv", sheets=[Sheet(CSV_SHEET, rows)])
