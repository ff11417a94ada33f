"""Remarks written straight into a workbook's own XML: nothing is laid out anew, so that pictures, widths and looks stay and
hundreds of thousands of cells take a moment.

Only what a spreadsheet program usually writes is understood; for anything else :class:`NotUsual` is raised and the caller goes a
slower way. Live parts (formulas, links, names, macros, rules with formulas, what lies outside) are left out.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from html import unescape
from xml.sax.saxutils import escape

from wishes.intake.reading.grid import cell_name, column_number
from wishes.intake.reading.limits import LIMITS

Marks = Mapping[tuple[int, int], tuple[str, str]]
"""(row, column) from zero → weight and text."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KEPT = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:core|app)\.xml"
    r"|xl/(?:workbook|styles|sharedStrings)\.xml|xl/_rels/workbook\.xml\.rels|xl/theme/[\w.]+"
    r"|xl/worksheets/(?:_rels/)?\w+\.xml(?:\.rels)?|xl/drawings/(?:_rels/)?drawing\w*\.xml(?:\.rels)?|xl/media/[\w.\-]+\.(?:png|jpe?g|gif|bmp)"
)
_RELATION = re.compile(rb"<Relationship\b[^>]*?/>|<Relationship\b[^>]*>\s*</Relationship>")
_LIVE = re.compile(
    rb"<f\b[^>]*/>|<f\b[^>]*>.*?</f>|<(hyperlinks|conditionalFormatting|extLst|oleObjects|controls|customSheetViews|webPublishItems|tableParts)\b"
    rb"[^>]*?(?:/>|>.*?</\1>)|<(?:legacyDrawing|legacyDrawingHF|picture)\b[^>]*?/>",
    re.S,
)
_NAMES = re.compile(
    rb"<(definedNames|externalReferences|customWorkbookViews|extLst|pivotCaches)\b[^>]*?(?:/>|>.*?</\1>)", re.S
)
_RULE = re.compile(rb"<dataValidation\b[^>]*?(?:/>|>.*?</dataValidation>)", re.S)
_RULES = re.compile(rb"<dataValidations\b[^>]*>(.*?)</dataValidations>", re.S)
_ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"[^>]*?(/?)>')
_CELL = re.compile(rb'<c r="([A-Z]+)\d+"([^>]*?)(/>|>.*?</c>)', re.S)
_STYLE = re.compile(rb' s="(\d+)"')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_XFS = re.compile(rb"(<cellXfs\b[^>]*>)(.*?)(</cellXfs>)", re.S)
_XF = re.compile(rb"<xf\b[^>]*?/>|<xf\b[^>]*>.*?</xf>", re.S)
_FILLS = re.compile(rb"(<fills\b[^>]*>)(.*?)(</fills>)", re.S)
_SAID = re.compile(rb'<comment\b[^>]*?ref="([A-Z]+)(\d+)".*?</comment>', re.S)
_WORDS = re.compile(rb"<t\b[^>]*>(.*?)</t>", re.S)


class NotUsual(Exception):
    """The workbook is not written as spreadsheet programs write; it has to be read whole."""


def patched(data: bytes, remarks: Mapping[str, Marks], fills: Mapping[str, str], author: str) -> bytes:
    """The workbook *data* with *remarks* by sheet as comments, their cells filled (weight → colour). Raises NotUsual."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = _parts(packed)
        sheets = _sheets(parts)
        styles = _Styles(parts.get("xl/styles.xml", b""), fills)
        said = {path: _said(packed, path) for path in sheets.values()}
    for number, (name, path) in enumerate(sheets.items(), 1):
        raw = _disarmed(parts[path])
        marks = _at_top_left(raw, remarks.get(name, {}))
        raw = _filled(raw, marks, styles)
        comments = {at: text for at, (_, text) in marks.items()}
        for at, text in said[path].items():
            comments[at] = f"{text}\n{comments[at]}" if at in comments else text
        _relate(parts, path, raw, number, comments, author)
    parts["xl/styles.xml"] = styles.written()
    parts["xl/workbook.xml"] = _NAMES.sub(b"", parts["xl/workbook.xml"])
    _list_parts(parts, len(sheets))
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as out:
        for path, content in parts.items():
            out.writestr(path, content)
    return kept.getvalue()


def _parts(packed: zipfile.ZipFile) -> dict[str, bytes]:
    wanted = [info for info in packed.infolist() if _KEPT.fullmatch(info.filename)]
    if sum(info.file_size for info in wanted) > LIMITS.unpacked_size:
        raise NotUsual
    parts = {}
    for info in wanted:
        with packed.open(info) as part:
            parts[info.filename] = part.read(info.file_size + 1)
    if (
        not {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}
        <= parts.keys()
    ):
        raise NotUsual
    for path in [path for path in parts if path.endswith(".rels")]:
        parts[path] = _known_relations(parts, path)
    # A drawing that shows more than pictures is left out with what hangs on it.
    for path in [path for path in parts if re.fullmatch(r"xl/drawings/drawing\w*\.xml", path)]:
        own = parts.get(_relations_path(path), b"")
        ids = set(re.findall(rb'\br:(?:id|embed|link)="([^"]+)"', parts[path]))
        if ids - set(re.findall(rb'\bId="([^"]+)"', own)):
            del parts[path]
            parts.pop(_relations_path(path), None)
    for path in [path for path in parts if path.startswith("xl/worksheets/_rels/")]:
        parts[path] = _known_relations(parts, path)
    return parts


def _known_relations(parts: Mapping[str, bytes], path: str) -> bytes:
    """The relations that lead to parts which are kept."""
    folder = posixpath.dirname(posixpath.dirname(path))

    def kept(match: re.Match[bytes]) -> bytes:
        target = re.search(rb'Target="([^"]+)"', match[0])
        if target is None or b'TargetMode="External"' in match[0]:
            return b""
        to = target[1].decode()
        to = to.lstrip("/") if to.startswith("/") else posixpath.normpath(posixpath.join(folder, to))
        return match[0] if to in parts else b""

    return _RELATION.sub(kept, parts[path])


def _relations_path(path: str) -> str:
    folder, name = posixpath.split(path)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _sheets(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Sheet name → path, of the sheets with cells."""
    relations = parts["xl/_rels/workbook.xml.rels"]
    targets = {}
    for tag in _RELATION.findall(relations):
        own, target = re.search(rb'\bId="([^"]+)"', tag), re.search(rb'Target="([^"]+)"', tag)
        if own is not None and target is not None:
            path = target[1].decode()
            targets[own[1]] = path.lstrip("/") if path.startswith("/") else posixpath.normpath(f"xl/{path}")
    sheets = {}
    for tag in re.findall(rb"<sheet\b[^>]*/>", parts["xl/workbook.xml"]):
        name, own = re.search(rb'\bname="([^"]*)"', tag), re.search(rb'\br:id="([^"]+)"', tag)
        path = targets.get(own[1], "") if own is not None else ""
        if (
            name is None
            or not path.startswith("xl/worksheets/")
            or f'xmlns="{_MAIN}"'.encode() not in parts[path][:3000]
        ):
            raise NotUsual
        sheets[unescape(name[1].decode())] = path
    if not sheets:
        raise NotUsual
    return sheets


def _disarmed(raw: bytes) -> bytes:
    raw = _LIVE.sub(b"", raw)
    raw = re.sub(rb'(<pageSetup\b[^>]*?) r:id="[^"]*"', rb"\1", raw)

    def rules(match: re.Match[bytes]) -> bytes:
        kept = [
            rule
            for rule in _RULE.findall(match[1])
            if b'type="list"' in rule and not re.search(rb"<formula1>[^<]*[\[(]", rule)
        ]
        return b'<dataValidations count="%d">%s</dataValidations>' % (len(kept), b"".join(kept)) if kept else b""

    return _RULES.sub(rules, raw)


def _at_top_left(raw: bytes, marks: Marks) -> dict[tuple[int, int], tuple[str, str]]:
    """Marks of merged cells stand at their first."""
    first: dict[tuple[int, int], tuple[int, int]] = {}
    for c1, r1, c2, r2 in _MERGED.findall(raw):
        left, right, top = column_number(c1.decode()), column_number(c2.decode()), int(r1) - 1
        for row in range(top, min(int(r2), top + 5_000)):
            for column in range(left, right + 1):
                first[row, column] = (top, left)
    found: dict[tuple[int, int], tuple[str, str]] = {}
    for at, (weight, text) in marks.items():
        to = first.get(at, at)
        found[to] = (found[to][0], f"{found[to][1]}\n{text}") if to in found else (weight, text)
    return found


class _Styles:
    """The styles of the workbook; those of marked cells again with another fill."""

    def __init__(self, raw: bytes, fills: Mapping[str, str]) -> None:
        xfs, own_fills = _XFS.search(raw), _FILLS.search(raw)
        if xfs is None or own_fills is None:
            raise NotUsual
        self._raw, self._fills = raw, fills
        self._xfs = _XF.findall(xfs[2])
        self._first_fill = len(re.findall(rb"<fill\b[^>]*?(?:/>|>)", own_fills[2]))
        self._weights = list(fills)
        self._made: dict[tuple[int, str], int] = {}
        self._new: list[bytes] = []

    def like(self, style: int, weight: str) -> int:
        """The number of the style that looks like *style*, filled for *weight*."""
        if (known := self._made.get((style, weight))) is None:
            if style >= len(self._xfs):
                raise NotUsual
            tag, end, rest = self._xfs[style].partition(b">")
            bare = re.sub(rb' (?:fillId|applyFill)="[^"]*"', b"", tag.removesuffix(b"/"))
            closing = b"/" if tag.endswith(b"/") else b""
            fill = self._first_fill + self._weights.index(weight)
            self._new.append(bare + b' fillId="%d" applyFill="1"' % fill + closing + end + rest)
            known = self._made[style, weight] = len(self._xfs) + len(self._new) - 1
        return known

    def written(self) -> bytes:
        added = b"".join(
            b'<fill><patternFill patternType="solid"><fgColor rgb="FF%s"/><bgColor indexed="64"/></patternFill></fill>'
            % colour.encode()
            for colour in self._fills.values()
        )
        fills = self._first_fill + len(self._fills)
        raw = _FILLS.sub(lambda m: b'<fills count="%d">' % fills + m[2] + added + m[3], self._raw, count=1)
        count = len(self._xfs) + len(self._new)
        return _XFS.sub(lambda m: b'<cellXfs count="%d">' % count + m[2] + b"".join(self._new) + m[3], raw, count=1)


def _filled(raw: bytes, marks: Mapping[tuple[int, int], tuple[str, str]], styles: _Styles) -> bytes:
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), (weight, _) in marks.items():
        by_row.setdefault(row, {})[column] = weight
    pieces: list[bytes] = []
    done = 0
    for tag in _ROW.finditer(raw):
        wanted = by_row.pop(int(tag[1]) - 1, None)
        if wanted is None:
            continue
        end = tag.end() if tag[2] else raw.find(b"</row>", tag.end())
        if end < 0:
            raise NotUsual
        opening = raw[tag.start() : tag.end()]
        pieces.append(raw[done : tag.start()])
        pieces.append(re.sub(rb"/>$", b">", opening) + _row(raw[tag.end() : end], int(tag[1]) - 1, wanted, styles))
        if tag[2]:
            pieces.append(b"</row>")
        done = end
    if by_row:
        raise NotUsual  # a remark on a row that is not written down
    pieces.append(raw[done:])
    return b"".join(pieces)


def _row(raw: bytes, row: int, wanted: Mapping[int, str], styles: _Styles) -> bytes:
    """The cells of a row, those of *wanted* filled; what is missing is put where it belongs."""
    cells = {column_number(cell[1].decode()): cell for cell in _CELL.finditer(raw)}
    if re.sub(rb"\s+", b"", _CELL.sub(b"", raw)):
        raise NotUsual
    out = []
    for column in sorted({*cells, *wanted}):
        cell, weight = cells.get(column), wanted.get(column)
        if cell is None:
            out.append(b'<c r="%s" s="%d"/>' % (cell_name(row, column).encode(), styles.like(0, str(weight))))
        elif weight is None:
            out.append(cell[0])
        else:
            own = _STYLE.search(cell[2])
            style = styles.like(int(own[1]) if own is not None else 0, weight)
            out.append(b'<c r="%s%d" s="%d"%s%s' % (cell[1], row + 1, style, _STYLE.sub(b"", cell[2]), cell[3]))
    return b"".join(out)


def _said(packed: zipfile.ZipFile, sheet: str) -> dict[tuple[int, int], str]:
    """The sender's own comments on a sheet."""
    try:
        relations = packed.read(_relations_path(sheet))
    except KeyError:
        return {}
    found = {}
    for target in re.findall(rb'Target="([^"]*comments[^"]*\.xml)"', relations):
        path = (
            posixpath.normpath(posixpath.join(posixpath.dirname(sheet), target.decode()))
            if not target.startswith(b"/")
            else target.decode()[1:]
        )
        if path not in packed.namelist() or packed.getinfo(path).file_size > LIMITS.ratio_floor or "threaded" in path:
            raise NotUsual
        for comment in _SAID.finditer(packed.read(path)):
            text = "".join(unescape(word.decode("utf-8", "replace")) for word in _WORDS.findall(comment[0]))
            found[int(comment[2]) - 1, column_number(comment[1].decode())] = text
    return found


def _relate(
    parts: dict[str, bytes], path: str, raw: bytes, number: int, comments: Mapping[tuple[int, int], str], author: str
) -> None:
    """Put the sheet, its comments and the shapes they are shown in among the parts."""
    relations = parts.get(
        _relations_path(path),
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>',
    )
    known = set(re.findall(rb'\bId="([^"]+)"', relations))
    raw = re.sub(rb'<drawing\b[^>]*?r:id="([^"]+)"[^>]*?/>', lambda m: m[0] if m[1] in known else b"", raw)
    if set(re.findall(rb'\br:id="([^"]+)"', raw)) - known:
        raise NotUsual
    if comments:
        if b"xmlns:r=" not in raw[:3000]:
            raw = raw.replace(b"<worksheet ", f'<worksheet xmlns:r="{_OFFICE}" '.encode(), 1)
        raw = raw.replace(b"</worksheet>", b'<legacyDrawing r:id="remarkShapes"/></worksheet>')
        told = (
            f'<Relationship Id="remarks" Type="{_OFFICE}/comments" Target="../remarks{number}.xml"/>'
            f'<Relationship Id="remarkShapes" Type="{_OFFICE}/vmlDrawing" Target="../drawings/remarks{number}.vml"/>'
        )
        parts[f"xl/remarks{number}.xml"] = _comments(comments, author)
        parts[f"xl/drawings/remarks{number}.vml"] = _shapes(comments, number)
        relations = (
            relations.replace(b"</Relationships>", told.encode() + b"</Relationships>")
            if b"</Relationships>" in relations
            else (relations.replace(b"/>", b">", 1) + told.encode() + b"</Relationships>")
        )
    parts[path] = raw
    parts[_relations_path(path)] = relations


def _comments(comments: Mapping[tuple[int, int], str], author: str) -> bytes:
    told = "".join(
        f'<comment ref="{cell_name(*at)}" authorId="0"><text><t xml:space="preserve">{escape(text)}</t></text></comment>'
        for at, text in sorted(comments.items())
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><comments xmlns="{_MAIN}"><authors><author>{escape(author)}</author></authors>'
        f"<commentList>{told}</commentList></comments>"
    ).encode()


def _shapes(comments: Mapping[tuple[int, int], str], number: int) -> bytes:
    """Where each comment is shown, in the form that spreadsheet programs ask for."""
    shapes = "".join(
        f'<v:shape id="_x0000_s{number * 100_000 + at}" type="#_x0000_t202" style="position:absolute;width:260pt;'
        f'height:{45 + 14 * text.count(chr(10))}pt;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        '<v:path o:connecttype="none"/><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>'
        f"<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
        for at, ((row, column), text) in enumerate(sorted(comments.items()))
    )
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
        f'<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>{shapes}</xml>'
    ).encode()


def _list_parts(parts: dict[str, bytes], sheets: int) -> None:
    """Name what is there in the package's list, and nothing that was left out."""
    listed = parts["[Content_Types].xml"].replace(
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    )
    listed = re.sub(
        rb'<Override\b[^>]*?PartName="/([^"]+)"[^>]*?/>',
        lambda m: m[0] if m[1].decode("utf-8", "replace") in parts else b"",
        listed,
    )
    added = (
        b""
        if b'Extension="vml"' in listed
        else b'<Default Extension="vml" ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
    )
    for number in range(1, sheets + 1):
        if f"xl/remarks{number}.xml" in parts:
            kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
            added += b'<Override PartName="/xl/remarks%d.xml" ContentType="%s"/>' % (number, kind)
    parts["[Content_Types].xml"] = listed.replace(b"</Types>", added + b"</Types>")
