"""From a sheet to its tables: header rows, blocks side by side, columns with roles, and the rows of data between."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise

from wishes.intake.reading.grid import Sheet, Value, widest
from wishes.intake.understanding.choices import put_choices_together
from wishes.intake.understanding.columns import assign
from wishes.intake.understanding.content import ColumnLook, look_at, spread_over
from wishes.intake.understanding.headers import HeaderWords, header_score, title_key
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.model import ColumnReading
from wishes.intake.understanding.text import plain_column
from wishes.intake.understanding.whose import Title


@dataclass(slots=True)
class Grid:
    """A sheet as text, with merged cells known. ``filled`` repeats a merged value down its rows."""

    sheet: Sheet
    text: list[list[str]]
    values: list[list[Value]]
    merged_from: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """A covered cell and the top left cell it belongs to."""

    columns: list[tuple[Value, ...]] = field(default_factory=list)
    """The values by column."""
    column_texts: list[list[str]] = field(default_factory=list)
    merged_rows: frozenset[int] = frozenset()
    """Rows with covered cells."""

    @property
    def height(self) -> int:
        return len(self.text)

    @property
    def width(self) -> int:
        return len(self.columns)


def grid_of(sheet: Sheet) -> Grid:
    """Make every row equally long and fill merged cells downwards (not sideways)."""
    width = max(widest(sheet.rows), min(700, max((span[3] + 1 for span in sheet.merged), default=0)))
    values: list[list[Value]] = [row if len(row) == width else [*row, *[""] * (width - len(row))] for row in sheet.rows]
    merged_from: dict[tuple[int, int], tuple[int, int]] = {}
    for top, left, bottom, right in sheet.merged:
        if top >= len(values) or left >= width:
            continue
        for row in range(top, min(bottom, len(values) - 1) + 1):
            for column in range(left, min(right, width - 1) + 1):
                if (row, column) != (top, left):
                    merged_from[row, column] = (top, left)
            if row > top:
                if values[row] is sheet.rows[row]:
                    values[row] = list(values[row])  # the sheet stays as it was sent
                values[row][left] = values[top][left]
    columns = list(zip(*values, strict=True))
    column_texts = list(map(plain_column, columns))
    text = list(map(list, zip(*column_texts, strict=True))) if columns else [[] for _ in values]
    return Grid(sheet, text, values, merged_from, columns, column_texts, frozenset(r for r, _ in merged_from))


@dataclass(slots=True)
class Block:
    """One table: its header rows, its columns, the range of rows below the header (end exclusive)."""

    header_rows: tuple[int, ...]
    start: int
    end: int
    columns: list[ColumnReading]
    left: int
    right: int


def find_headers(grid: Grid, headers: HeaderWords) -> list[tuple[int, ...]]:
    """Groups of one to three rows that are headers, from the top."""
    groups: list[tuple[int, ...]] = []
    row = 0
    while row < grid.height:
        if not _may_be_header(grid, row):
            row += 1
            continue
        hits, filled = header_score(_row_texts(grid, row), headers)
        known = _is_header(hits, filled) or (hits >= 4 and _is_header_of_strangers(grid, row, headers))
        if not known or _alternates(_row_texts(grid, row), headers):
            row += 1
            continue
        rows = [row]
        while len(rows) < 3 and row + 1 < grid.height and _may_be_header(grid, row + 1):
            below = [t for c, t in enumerate(_own_texts(grid, row + 1)) if t]
            hits, filled = header_score(below, headers)
            titled = hits >= 2 and hits >= 0.5 * filled and not _same_titles(grid, row, row + 1)
            if not titled and not _is_merged_into(grid, row, row + 1):
                break
            row += 1
            rows.append(row)
        # A group row that no list knows stands above: 儿童 | | | 家长 | | and is merged over titles.
        above = rows[0] - 1
        if above >= 0 and _may_be_header(grid, above) and _is_group_row(grid, above, rows[0]):
            rows.insert(0, above)
        groups.append(tuple(rows))
        row += 1
    return groups


def _is_merged_into(grid: Grid, upper: int, row: int) -> bool:
    """Whether at least two titles are merged from one row down into the other: then that one is of the header, too."""
    return sum(grid.merged_from.get((row, c), (row, c))[0] == upper for c in range(grid.width)) >= 2


def _same_titles(grid: Grid, first: int, second: int) -> bool:
    return grid.text[first] == grid.text[second]


def _is_header(hits: int, filled: int) -> bool:
    if filled == 0:
        return False
    return (hits >= 3 and hits >= 0.5 * filled) or (hits >= 2 and filled <= 4)


_LONGEST_TITLE = 20


def _is_header_of_strangers(grid: Grid, row: int, headers: HeaderWords) -> bool:
    """Known titles, the child's name and the wish among them, beside many that nobody knows, all short and each only once;
    what stands below the known ones is filled in and hardly a title."""
    texts = _row_texts(grid, row)
    titled = [c for c, t in enumerate(grid.text[row]) if headers.is_title(t)]
    roles = {m.role for c in titled for m in headers.meanings(grid.text[row][c])}
    if not {"name", "wish"} <= roles or len(set(texts)) < len(texts) or any(len(t) > _LONGEST_TITLE for t in texts):
        return False
    below = next((grid.text[r] for r in range(row + 1, grid.height) if any(grid.text[r])), None)
    under = [below[c] for c in titled if below[c]] if below is not None else []
    return len(under) >= 3 and sum(map(headers.is_title, under)) <= 0.25 * len(under)  # 同意 answers the title 同意


ANSWERS = frozenset(("同意", "签字", "孤儿", "残疾", "留守", "留守儿童", "单亲", "困难"))
"""Titles that also answer another: 监护人是否同意 | 同意."""


def _alternates(texts: Sequence[str], headers: HeaderWords) -> bool:
    """Title, value, title, value: a line of a form."""
    known = [headers.is_title(t) and t not in ANSWERS for t in texts]
    # The heading of a group may stand before them: 儿童信息 | 姓名 | 王强 | 性别 | 男
    return len(known) >= 4 and any(all(known[at::2]) and not any(known[at + 1 :: 2]) for at in (0, 1))


def looks_like_a_form(grid: Grid, headers: HeaderWords) -> bool:
    """Whether several lines hold titles and values by turns."""
    return sum(_alternates(_row_texts(grid, row), headers) for row in range(min(grid.height, 40))) >= 2


def _is_group_row(grid: Grid, row: int, header: int) -> bool:
    if row not in grid.merged_rows:
        return False
    spans = [s for s in grid.sheet.merged if s[0] == row and s[2] == row and 0 < s[3] - s[1] < grid.width * 0.7]
    return len(spans) >= 2 and all(len(grid.text[row][s[1]]) <= 20 for s in spans)


def _row_texts(grid: Grid, row: int) -> list[str]:
    return [t for t in grid.text[row] if t]


def _own_texts(grid: Grid, row: int) -> list[str]:
    return ["" if (row, c) in grid.merged_from else t for c, t in enumerate(grid.text[row])]


def _may_be_header(grid: Grid, row: int) -> bool:
    """A header holds short words and no numbers or dates."""
    filled = asked = 0
    for column, value in enumerate(grid.values[row]):
        if value == "" or value is None:
            continue
        if not isinstance(value, str):
            return False
        text = grid.text[row][column]
        asked += text.endswith((":", "："))
        if len(text) >= 2 and text.replace(".", "").replace("-", "").replace("/", "").isdigit():
            return False
        filled += 1
    # 填表人： is a place to sign; only questionnaires put a colon behind many of their titles.
    return filled >= 2 and (asked == 0 or (filled >= 5 and asked >= 0.4 * filled))


def titles_of(grid: Grid, rows: tuple[int, ...]) -> list[Title]:
    """Each column's title and group heading from one to three header rows."""
    titles = []
    width = grid.width
    spread: list[list[str]] = []
    for row in rows:
        texts = list(grid.text[row])
        for column in range(width) if row in grid.merged_rows else ():
            top, left = grid.merged_from.get((row, column), (-1, -1))
            if top in rows:
                texts[column] = grid.text[top][left]
        spread.append(texts)
    if len(rows) > 1:
        _spread_groups(spread)
    for column in range(width):
        parts = [texts[column] for texts in spread if texts[column]]
        if not parts:
            titles.append(Title(column, ""))
            continue
        text = parts[-1]
        group = parts[0] if len(parts) > 1 and parts[0] != text else ""
        titles.append(Title(column, text, group))
    return titles


def _spread_groups(spread: list[list[str]]) -> None:
    """Without merges (a CSV) a group heading still covers the columns to its right that have their own title below."""
    for upper, lower in pairwise(spread):
        current = ""
        for column, text in enumerate(upper):
            if text:
                current = text if lower[column] and lower[column] != text else ""
            elif current and lower[column]:
                upper[column] = current
            else:
                current = ""


def blocks_of(grid: Grid, lexicon: Lexicon, headers: HeaderWords) -> list[Block]:
    """All tables of a sheet that hold wishes. A header repeated further down continues its table's columns.

    A row below such a table that merely looks like a header, but under which no wishes stand, is no header: else the rows
    below it would be lost.
    """
    groups = find_headers(grid, headers)
    signatures = [tuple(title_key(t.text) for t in titles_of(grid, rows)) for rows in groups]
    kept: list[tuple[tuple[int, ...], tuple[str, ...]]] = []
    made: dict[tuple[str, ...], list[Block]] = {}
    for index, (rows, signature) in enumerate(zip(groups, signatures, strict=True)):
        if signature not in made:
            # Look at all rows under equal headers at once, so that a short first part does not mislead.
            spans = [
                (group[-1] + 1, groups[i + 1][0] if i + 1 < len(groups) else grid.height)
                for i, group in enumerate(groups)
                if i >= index and signatures[i] == signature
            ]
            blocks = _columns_of(grid, rows, spans, lexicon, headers)
            if not any(_holds_wishes(b) for b in blocks):
                continue
            made[signature] = [b for b in blocks if _holds_wishes(b)]
        kept.append((rows, signature))
    found = []
    for index, (rows, signature) in enumerate(kept):
        end = kept[index + 1][0][0] if index + 1 < len(kept) else grid.height
        found += [Block(rows, rows[-1] + 1, end, b.columns, b.left, b.right) for b in made[signature]]
    return found


def _holds_wishes(block: Block) -> bool:
    roles = {c.role for c in block.columns}
    return "wish" in roles and bool(roles & {"name", "phone", "birth", "guardian", "sex", "serial"})


def _columns_of(
    grid: Grid, rows: tuple[int, ...], spans: Sequence[tuple[int, int]], lexicon: Lexicon, headers: HeaderWords
) -> list[Block]:
    titles = titles_of(grid, rows)
    blocks = []
    for left, right in side_by_side(titles):
        part = [t for t in titles if left <= t.column < right]
        part = put_choices_together(grid, part, rows[-1] + 1)
        looks = {t.column: _look(grid, t.column, spans, lexicon) for t in part}
        part = [t for t in part if t.text or looks[t.column].filled]
        blocks.append(Block(rows, 0, 0, assign(part, looks, headers), left, right))
    return blocks


_TELLING = ("sex", "phone", "date", "id", "consent", "relation", "price", "number", "types", "item", "place")


def headless_block(grid: Grid, lexicon: Lexicon, headers: HeaderWords) -> Block | None:
    """A table without header, or with titles nobody knows, recognised by its cells: needs names and wishes."""
    looks = {c: _look(grid, c, [(0, grid.height)], lexicon) for c in range(grid.width)}
    header = _unknown_header(grid, looks, lexicon, headers)
    start = header + 1 if header is not None else 0
    rows = (header,) if header is not None else ()
    if start:
        looks = {c: _look(grid, c, [(start, grid.height)], lexicon) for c in range(grid.width)}
    titles = titles_of(grid, rows) if rows else [Title(c, "") for c in range(grid.width)]
    columns = assign([t for t in titles if looks[t.column].filled], looks, headers)
    roles = {c.role for c in columns if c.how != "asked"}
    if "name" in roles and "wish" in roles:
        return Block(rows, start, grid.height, columns, 0, grid.width)
    return None


def _unknown_header(grid: Grid, looks: dict[int, ColumnLook], lexicon: Lexicon, headers: HeaderWords) -> int | None:
    """The row near the top whose cells look like nothing their columns hold."""
    telling = {c: {k for k in _TELLING if look.share(k) >= 0.6} for c, look in looks.items()}
    for row in range(min(grid.height, 8)):
        filled = [c for c in range(grid.width) if grid.text[row][c] and (row, c) not in grid.merged_from]
        if len(filled) < 3 or not _may_be_header(grid, row):
            continue
        judged = [c for c in filled if telling[c]]
        alike = [
            c
            for c in judged
            if any(look_at([(grid.values[row][c], grid.text[row][c])], lexicon, 1).share(k) for k in telling[c])
        ]
        titled = any(headers.is_title(grid.text[row][c]) for c in filled)
        return row if len(judged) >= (1 if titled else 3) and len(alike) <= 0.25 * len(judged) else None
    return None


def side_by_side(titles: Sequence[Title]) -> list[tuple[int, int]]:
    """Column ranges of tables standing beside each other: the same titles begin again."""
    keys = [title_key(t.text) for t in titles]
    filled = [(i, k) for i, k in enumerate(keys) if k]
    if len(filled) < 4:
        return [(0, len(titles))]
    first = filled[0][1]
    starts = [i for i, k in filled if k == first]
    if len(starts) > 1:
        blocks = [[k for k in keys[a:b] if k] for a, b in zip(starts, [*starts[1:], len(keys)], strict=True)]
        common = set(blocks[0]).intersection(*blocks[1:])
        if len(common) >= 2 and len(common) >= 0.5 * max(len(set(b)) for b in blocks):
            bounds = [0, *starts[1:], len(titles)]
            return list(pairwise(bounds))
    return [(0, len(titles))]


def _look(grid: Grid, column: int, spans: Sequence[tuple[int, int]], lexicon: Lexicon) -> ColumnLook:
    values, texts, merged = grid.columns[column], grid.column_texts[column], grid.merged_from
    filled: list[int] = []
    for start, end in spans:
        filled += compress(range(start, end), texts[start:end])
    if merged:
        filled = [row for row in filled if (row, column) not in merged]
    return look_at([(values[row], texts[row]) for row in spread_over(filled)], lexicon, len(filled))


_SMALL_NUMBER = re.compile(r"[(（]?\d{1,5}[)）.、]?")


def is_number_like(value: Value) -> bool:
    """A running number: a small whole number as number or text."""
    if isinstance(value, float):
        return 0 <= value < 100_000 and value == int(value)
    if isinstance(value, str):
        return _SMALL_NUMBER.fullmatch(value.strip()) is not None
    return not isinstance(value, (dt.date, dt.time)) and value is None
