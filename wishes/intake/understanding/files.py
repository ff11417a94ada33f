"""One file, understood: entries, what became of every row, and what each column was taken for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from wishes.intake.reading.errors import PROBLEMS
from wishes.intake.reading.grid import Sheet, Value, Workbook
from wishes.intake.understanding.aside import says_an_office
from wishes.intake.understanding.cards import Card, find_cards, read_card
from wishes.intake.understanding.cells import Context
from wishes.intake.understanding.fates import roles_of
from wishes.intake.understanding.headers import HeaderWords, title_key
from wishes.intake.understanding.lexicon import Lexicon
from wishes.intake.understanding.listed import is_listed, laid_out
from wishes.intake.understanding.model import (
    CampaignRules,
    Entry,
    FileReading,
    RowFate,
    SenderMemory,
    SheetReading,
    TableReading,
)
from wishes.intake.understanding.paired import TwoLines, joined, put_apart, two_lines
from wishes.intake.understanding.sender import find_sender
from wishes.intake.understanding.statements import (
    columns_of_consent,
    consent_hint,
    consent_missing,
    consent_statement,
    legends,
)
from wishes.intake.understanding.tables import (
    Block,
    Grid,
    blocks_of,
    find_headers,
    grid_of,
    headless_block,
    looks_like_a_form,
)
from wishes.intake.understanding.text import plain, tight
from wishes.intake.understanding.turned import around, lies_on_its_side, turn_back, turned
from wishes.intake.understanding.walking import BlockReader
from wishes.intake.understanding.whose import GUARDIAN_GROUP
from wishes.intake.understanding.wishcells import judge

_PERSON = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{1,2}周?岁")
_WISHED = re.compile("心愿|愿望|想要|希望得到|礼物")
_SIGNS = re.compile("签|同意|知情|授权|[已未没][交收回]")
_FEWEST_TOLD = 3
_SHORT = 14
"""A title, and no sentence."""
_NO_DATA = ("notes", "unread")
_FEWEST_NAMES, _A_LOOK = 4, 24
_OCTOBER = re.compile(r"\d{4}\.10")
_A_CODE = re.compile(r"[A-Za-z]{1,4}|\d{1,2}|[甲乙丙丁戊己庚辛]")
_MEANT = re.compile(r"(?<!\d)[\u4e00-\u9fff][^A-Za-z]*")
"""What is Chinese of a meaning told in two languages."""


@dataclass(slots=True)
class _Sheet:
    grid: Grid
    blocks: list[Block]
    use: str
    cards: list[Card] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """Texts above and below the tables."""
    put_back: Callable[[list[Entry]], list[RowFate]] | None = None
    """Gives entries their cells in the sender's sheet and tells the fates of its rows, where ``grid`` is that sheet rearranged."""


def understand_file(
    workbook: Workbook, *, rules: CampaignRules, lexicon: Lexicon, memory: SenderMemory | None = None
) -> FileReading:
    """Read every wish of ``workbook``. Never raises for what a cell holds; what is not sure is parked."""
    headers = HeaderWords(lexicon.words, memory.roles) if memory and memory.roles else lexicon.headers
    reading = FileReading(workbook.name, year=rules.start_on.year)
    sheets: list[_Sheet] = []
    for sheet in workbook.sheets:
        if sheet.hidden:
            reading.sheets.append(SheetReading(sheet.name, "hidden"))
            reading.fates += [
                RowFate(sheet.name, r, "hidden_sheet")
                for r, row in enumerate(sheet.rows)
                if any(_filled(v) for v in row)
            ]
            continue
        sheets.append(_open_sheet(sheet, lexicon, headers))
    data = [s for s in sheets if s.use == "data"]
    for other in sheets:
        if other.use != "data":
            reading.sheets.append(SheetReading(other.grid.sheet.name, other.use))
            reading.fates += [
                RowFate(other.grid.sheet.name, r, "ignored" if other.use == "unread" else "notes_sheet")
                for r, row in enumerate(other.grid.text)
                if any(row)
            ]
    notes = [t for s in sheets if s.use in _NO_DATA for row in s.grid.text for t in row if t]
    village, town_of_units = _sender(reading, data, lexicon)
    titles = [c.title for s in data for b in s.blocks for c in b.columns] + [
        p.title for s in data for c in s.cards for p in c.pairs
    ]
    groups = [t for s in data for b in s.blocks for r in b.header_rows for t in s.grid.text[r] if t]
    tabled = [
        " ".join(f"{code}={meaning};" for code, meaning in _code_rows(s.grid)) for s in sheets if s.use in _NO_DATA
    ]
    kind_codes, sex_codes = legends([*notes, *tabled, *titles, *groups, *(h for s in data for h in s.heads)], lexicon)
    from_notes = next((t for t in notes if consent_statement(t, lexicon)), "")
    for page in data:
        statement = from_notes or next((t for t in page.heads if consent_statement(t, lexicon)), "")
        reading.consent_statement = reading.consent_statement or statement
        unclear = _consent_is_unclear(page, notes, lexicon)
        context = Context(
            file=workbook.name,
            sheet=page.grid.sheet.name,
            lexicon=lexicon,
            year=rules.start_on.year,
            newest_birth=rules.start_on.year,
            date1904=workbook.date1904,
            lossy_text=workbook.kind == "csv" and not _keeps_zeros(page),
            kind_codes=kind_codes,
            sex_codes=sex_codes,
            batch_consent=bool(statement),
            consent_unclear=unclear,
            consent_but="\n".join(consent_missing(t, lexicon) for t in (*notes, *page.heads)) if statement else "",
            county=reading.county,
            town=reading.town,
            sender_old=reading.old_district,
            village=village,
            town_of_units=reading.town is not None and town_of_units,
            places_taught=memory.places if memory else {},
        )
        report = SheetReading(page.grid.sheet.name, "data")
        reading.sheets.append(report)
        _read_sheet(page, context, headers, rules, reading, report)
    if not reading.entries and any(sheet.use == "unread" for sheet in reading.sheets):
        said = PROBLEMS["not_understood"]
        reading.problem, reading.problem_zh, reading.problem_en = "not_understood", said.say("zh"), said.say("en")
    return reading


def _consent_is_unclear(page: _Sheet, notes: list[str], lexicon: Lexicon) -> bool:
    """Whether consent is spoken of around tables that have no column for it. A column that a note declares to be that of
    consent becomes it."""
    bare = [b for b in page.blocks if all(c.role != "consent" for c in b.columns)]
    if page.blocks and not bare:
        return False
    declared = columns_of_consent([*notes, *page.heads])
    for block in bare:
        for column in block.columns:
            if column.role in ("ignored", "remark", "reason") and title_key(column.title) in declared:
                column.role, column.how, column.confidence = "consent", "told", 0.8
                break
    if any(len(t) <= _SHORT and any(m.role == "consent" for m in lexicon.headers.meanings(t)) for t in notes):
        return True  # a sheet without wishes tells of it, child by child
    return any(consent_hint(t, lexicon) for t in (*notes, *page.heads)) or any(
        column.how == "unknown"
        and not says_an_office(column.title)
        and _answers_so(page.grid.column_texts[column.column][block.start : block.end], column.title, lexicon)
        for block in bare
        for column in block.columns
    )


def _answers_so(texts: list[str], title: str, lexicon: Lexicon) -> bool:
    """Whether cells answer as a column for consent does: in words that hardly answer anything else, or what the family is asked."""
    said = [tight(text) for text in texts if text]
    answers = sum(text in lexicon.yes or text in lexicon.no for text in said)
    if len(said) < _FEWEST_TOLD:
        return False
    if GUARDIAN_GROUP.search(title) is not None and len(set(said)) <= max(2, len(said) // 4):
        return answers >= 0.4 * len(said)
    return answers >= 0.8 * len(said) and any(_SIGNS.search(text) for text in said)


def _code_rows(grid: Grid) -> list[tuple[str, str]]:
    """A table of codes: lines of two cells (or three, in two languages), the code and what it means."""
    lines = [[t for t in row if t] for row in grid.text]
    return [
        (line[0], meant[0])
        for line in lines
        if len(line) in (2, 3) and _A_CODE.fullmatch(line[0]) and (meant := _MEANT.findall(line[-1]))
    ]


def _filled(value: Value) -> bool:
    return value is not None and value != ""


def _open_sheet(sheet: Sheet, lexicon: Lexicon, headers: HeaderWords) -> _Sheet:
    if (titled := lies_on_its_side(sheet, headers)) is not None:
        lying = _open_upright(turned(sheet, titled), lexicon, headers)
        if lying.blocks:
            lying.heads += [next(t for v in sheet.rows[r] if (t := plain(v))) for r in around(sheet, titled)]
            lying.put_back = partial(turn_back, sheet=sheet)
            return lying
    opened = _open_upright(sheet, lexicon, headers)
    lines = _two_lines(opened, headers)
    if lines is not None:
        side_by_side = _open_upright(joined(sheet, opened.grid, lines), lexicon, headers)
        if side_by_side.blocks:
            side_by_side.put_back = partial(put_apart, grid=opened.grid)
            return side_by_side
    if opened.blocks or opened.use == "empty":
        return opened
    if not opened.cards and (column := is_listed(sheet, lexicon)) is not None:
        table, put_back = laid_out(sheet, column, lexicon)
        listed = _open_upright(table, lexicon, headers)
        if listed.blocks:
            listed.put_back = put_back
            return listed
    return opened


def _two_lines(opened: _Sheet, headers: HeaderWords) -> TwoLines | None:
    """The two lines of each child in a sheet of one table, or in one of which no table could be made."""
    grid = opened.grid
    if len(opened.blocks) == 1:
        return two_lines(grid, opened.blocks[0].header_rows, opened.blocks[0].end, headers)
    titles = find_headers(grid, headers) if not opened.blocks and not opened.cards else []
    return two_lines(grid, titles[0], grid.height, headers) if titles else None


def _open_upright(sheet: Sheet, lexicon: Lexicon, headers: HeaderWords) -> _Sheet:
    grid = grid_of(sheet)
    if not any(any(row) for row in grid.text):
        return _Sheet(grid, [], "empty")
    blocks = blocks_of(grid, lexicon, headers)
    guessed = all(map(_is_guessed, blocks)) and (bool(blocks) or looks_like_a_form(grid, headers))
    short = (len(blocks) > 1 or guessed) and all(b.end - b.start <= 8 for b in blocks)
    cards = find_cards(grid, lexicon, headers, guessed=guessed) if short or not blocks else []
    if (
        not cards
        and any(_has_values_for_titles(grid, block, headers) for block in blocks)
        and not any(_is_surely_a_table(grid, block, lexicon) for block in blocks)
    ):
        cards = find_cards(grid, lexicon, headers, filled_in=True)
    if cards:
        labelled = {p.row for c in cards for p in c.pairs}
        heads = [t for r, row in enumerate(grid.text) if r not in labelled for t in dict.fromkeys(row) if t]
        return _Sheet(grid, [], "data", cards, heads)
    if not blocks:
        headless = headless_block(grid, lexicon, headers)
        blocks = [headless] if headless is not None else []
    if not blocks:
        return _Sheet(grid, [], "unread" if _tells_of_wishes(grid, lexicon) else "notes")
    first = min(b.header_rows[0] if b.header_rows else b.start for b in blocks)
    heads = [t for row in grid.text[:first] for t in dict.fromkeys(row) if t]
    width = max(3, grid.width // 3)
    for row in grid.text[first:]:
        if len(set(row)) > 3:
            continue
        filled = [t for t in dict.fromkeys(row) if t]
        if len(filled) <= min(2, width) and filled and len(filled[0]) > 8:
            heads.append(filled[0])
    return _Sheet(grid, blocks, "data", [], heads)


def _tells_of_wishes(grid: Grid, lexicon: Lexicon) -> bool:
    """Whether children and things stand in a sheet of which no table could be made: no page of notes, and somebody has to look."""
    lines = [[t for t in row if t] for row in grid.text]
    told = [any(_PERSON.search(t) or lexicon.is_name(tight(t)) for t in line) for line in lines]
    if sum(told) < _FEWEST_TOLD:
        return False
    # On a form the wish stands in another line than the child's name.
    wished = sum(1 for line in lines if any(_WISHED.search(t) or (len(t) <= 20 and lexicon.is_item(t)) for t in line))
    return wished >= _FEWEST_TOLD


def _is_surely_a_table(grid: Grid, block: Block, lexicon: Lexicon) -> bool:
    """Whether names stand below each other under the title for names; on a form other titles stand there."""
    column = next((c.column for c in block.columns if c.role == "name" and c.how in ("header", "taught")), None)
    if column is None:
        return False
    below = [tight(text) for text in grid.column_texts[column][block.start : block.end] if text][:_A_LOOK]
    return len(below) >= _FEWEST_NAMES and sum(map(lexicon.is_name, below)) >= 0.7 * len(below)


def _has_values_for_titles(grid: Grid, block: Block, headers: HeaderWords) -> bool:
    """Whether a header holds many words that nobody knows for titles: on a form a value stands beside each."""
    for row in block.header_rows:
        texts = [text for text in grid.text[row] if text]
        if sum(not _is_plain_title(text, headers) for text in texts) >= 0.3 * len(texts):
            return True
    return False


def _is_plain_title(text: str, headers: HeaderWords) -> bool:
    """A title that is not also a kind of need: 父母外出务工 stands beside 困境类型 as well as above ticks."""
    return headers.is_title(text) and any(not m.role.startswith("flag_") for m in headers.meanings(text))


def _is_guessed(block: Block) -> bool:
    """Whether the titles tell neither the names nor the wishes: a line of a form may look like a header."""
    return not any(c.role in ("name", "wish") and c.how in ("header", "taught") for c in block.columns)


def _keeps_zeros(sheet: _Sheet) -> bool:
    """Whether a text birth column still has months that end in zero, so that 2010.1 is January."""
    for block in sheet.blocks:
        column = roles_of(block).first("birth")
        if column is not None and any(
            _OCTOBER.fullmatch(row[column]) for row in sheet.grid.text[block.start : block.end]
        ):
            return True
    return False


def _sender(reading: FileReading, data: list[_Sheet], lexicon: Lexicon) -> tuple[str | None, bool]:
    """Find out who sent the file; returns the village where it is of one, and whether only the schools or units named in its
    lines tell the township."""
    heads = [h for s in data for h in s.heads if len(h) <= 80]
    # Where a consent form is kept tells less of the sender than a title does.
    heads.sort(key=lambda head: consent_statement(head, lexicon))
    units: list[str] = []
    addresses: list[str] = []
    for sheet in data:
        for card in sheet.cards:
            units += [p.text for p in card.pairs if p.role in ("unit_name", "school") and p.text]
            addresses += [p.text for p in card.pairs if p.role in ("address", "village", "town") and p.text]
        for block in sheet.blocks:
            roles = roles_of(block)
            for role, target in (
                ("unit_name", units),
                ("school", units),
                ("address", addresses),
                ("village", addresses),
                ("town", addresses),
            ):
                for column in roles.by_role.get(role, ()):
                    target += [
                        row[column]
                        for row in sheet.grid.text[block.start : block.end : 3 if block.end - block.start > 30 else 1]
                        if row[column]
                    ]
    found = find_sender(heads[:6], reading.file, [s.grid.sheet.name for s in data], units, addresses, lexicon.places)
    reading.sender_kind, reading.sender_name = found.kind, found.name
    reading.county, reading.town, reading.old_district = found.county, found.town, found.old_district
    return found.village, found.of_units


def _read_sheet(
    sheet: _Sheet,
    context: Context,
    headers: HeaderWords,
    rules: CampaignRules,
    reading: FileReading,
    report: SheetReading,
) -> None:
    grid = sheet.grid
    fates: dict[int, str] = {}
    for card in sheet.cards:
        entries = read_card(card, grid, context, context.lexicon)
        for entry in entries:
            judge(entry, rules)
        reading.entries += entries
        fates.update({p.row: "wish" for p in card.pairs})
    if sheet.cards:
        rows = sorted(fates)
        report.tables.append(TableReading((), rows[0], rows[-1], [], "cards"))
    for block in sheet.blocks:
        for row in block.header_rows:
            fates[row] = "header"
        report.tables.append(TableReading(block.header_rows, block.start, block.end - 1, block.columns))
        reader = BlockReader(grid, block, context, headers, rules)
        for row in range(block.start, block.end):
            fate = reader.read(row)
            if fates.get(row) not in ("wish",):
                fates[row] = fate
        reading.entries += reader.entries
    name = grid.sheet.name
    if sheet.put_back is not None:
        reading.fates += sheet.put_back([e for e in reading.entries if e.sheet == name])
        return
    reading.fates += [
        RowFate(name, row, fates.get(row) or ("title" if any(grid.text[row]) else "blank"))
        for row in range(grid.height)
    ]
