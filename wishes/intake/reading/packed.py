"""The parts of an .xlsx that matter, unpacked within bounds.

A zip's own directory may lie, so every part is read with a cap, and what the spreadsheet library later sees is a new,
uncompressed package of exactly these parts: no macros, no external links, no pictures, nothing we have not measured.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

from wishes.intake.reading.errors import UnreadableFile
from wishes.intake.reading.limits import Limits

_MOST = 1032
"""Deflate cannot pack more than this many bytes into one."""
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(slots=True)
class Package:
    """Unpacked parts by their path inside the zip, and the sheets with rows: (name, path, hidden, place among all sheets)."""

    parts: dict[str, bytes]
    sheets: list[tuple[str, str, bool, int]] = field(default_factory=list)
    date1904: bool = False
    notes: list[str] = field(default_factory=list)
    small: bytes | None = None
    """The whole file, where it is too small to unpack to anything dangerous."""

    def repacked(self) -> io.BytesIO:
        """A fresh package holding only these parts, stored without compression; a small file goes as it is."""
        if self.small is not None:
            return io.BytesIO(self.small)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for path, content in self.parts.items():
                archive.writestr(path, content)
        out.seek(0)
        return out


def attributes(tag: bytes) -> dict[str, str]:
    """The attributes of one XML start tag, entities resolved."""
    return {
        key.decode(): _unescape((double or single).decode("utf-8", "replace"))
        for key, double, single in _ATTRIBUTE.findall(tag)
    }


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    text = re.sub(r"&#x([0-9a-fA-F]{1,6});", lambda m: _character(int(m[1], 16)), text)
    text = re.sub(r"&#(\d{1,7});", lambda m: _character(int(m[1])), text)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def unpack(data: bytes, limits: Limits) -> Package:
    """Open ``data`` as an Open XML workbook.

    Raises UnreadableFile: ``damaged``, ``bomb``, ``encrypted``, ``not_a_workbook`` or ``no_sheets``.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise UnreadableFile("damaged") from error
    with archive:
        infos = {info.filename.lstrip("/"): info for info in archive.infolist()}
        if len(infos) > limits.entries:
            raise UnreadableFile("bomb")
        for path, info in infos.items():
            # A part we would never read may still show what the file is for.
            if (
                info.file_size > limits.ratio_floor
                and info.file_size > limits.ratio * max(info.compress_size, 1)
                and (path.startswith("xl/") or path.endswith(".xml"))
            ):
                raise UnreadableFile("bomb")
        budget = [limits.unpacked_size]
        reader = _Reader(data, archive, infos, budget)
        root = _workbook_path(reader)
        package = Package(
            parts={}, small=data if len(data) * _MOST <= limits.unpacked_size and len(infos) < 200 else None
        )
        if root.lower().endswith(".bin"):
            raise UnreadableFile("not_a_workbook")  # the binary form, .xlsb
        content = reader.read(root)
        relations = _relations(reader, root)
        package.date1904 = re.search(rb"""date1904\s*=\s*["'](?:1|true)["']""", content) is not None
        for index, tag in enumerate(_SHEET.findall(content)):
            values = attributes(tag)
            target = relations.get(
                values.get("r:id", "") or next((v for k, v in values.items() if k.endswith(":id")), "")
            )
            if target is None or "worksheets/" not in target:
                continue  # chart and dialog sheets hold no rows
            package.sheets.append((values.get("name", ""), target, values.get("state", "visible") != "visible", index))
        if not package.sheets:
            raise UnreadableFile("no_sheets")
        if len(package.sheets) > limits.sheets:
            raise UnreadableFile("bomb")
        wanted = [path for _, path, _, _ in package.sheets]
        wanted += [t for t in relations.values() if t.rsplit("/", 1)[-1].lower() == "styles.xml"]
        if package.small is None:
            wanted += ["[Content_Types].xml", "_rels/.rels", root, _relations_path(root)]
            wanted += [t for t in relations.values() if t.rsplit("/", 1)[-1].lower() == "sharedstrings.xml"]
        for path in dict.fromkeys(wanted):
            if path in infos:
                package.parts[path] = reader.read(path)
        if any("vbaProject" in path for path in infos):
            package.notes.append("macros")
        if any("externalLinks/" in path for path in infos):
            package.notes.append("external_links")
    return package


@dataclass(slots=True)
class _Reader:
    data: bytes
    archive: zipfile.ZipFile
    infos: dict[str, zipfile.ZipInfo]
    budget: list[int]
    seen: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        if path in self.seen:
            return self.seen[path]
        info = self.infos.get(path)
        if info is None:
            raise UnreadableFile("damaged")
        if info.flag_bits & 1:
            raise UnreadableFile("encrypted")
        if info.file_size > self.budget[0]:
            raise UnreadableFile("bomb")
        try:
            content = self._inflated(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise UnreadableFile("damaged") from error
        self.budget[0] -= len(content)
        if self.budget[0] < 0:
            raise UnreadableFile("bomb")
        self.seen[path] = content
        return content

    def _inflated(self, info: zipfile.ZipInfo) -> bytes:
        """The part at its full length. What deflate packed is unpacked at one stroke; zipfile's own way is for many small reads."""
        if info.compress_type != zipfile.ZIP_DEFLATED:
            with self.archive.open(info) as stream:
                return stream.read(info.file_size + 1)
        at = info.header_offset
        if self.data[at : at + 4] != b"PK\x03\x04":
            raise zipfile.BadZipFile
        start = at + 30 + sum(struct.unpack("<HH", self.data[at + 26 : at + 30]))
        content = zlib.decompressobj(-15).decompress(self.data[start : start + info.compress_size], info.file_size + 1)
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise zipfile.BadZipFile
        return content


def _workbook_path(reader: _Reader) -> str:
    if "[Content_Types].xml" not in reader.infos:
        raise UnreadableFile("not_a_workbook")
    for tag in _RELATION.findall(reader.read("_rels/.rels")) if "_rels/.rels" in reader.infos else ():
        values = attributes(tag)
        if values.get("Type", "").endswith("/officeDocument"):
            path = values.get("Target", "").lstrip("/")
            if "xl/" not in path and not path.startswith("workbook"):
                raise UnreadableFile("not_a_workbook")  # a Word or PowerPoint file
            return path
    if "xl/workbook.xml" in reader.infos:
        return "xl/workbook.xml"
    raise UnreadableFile("not_a_workbook")


def _relations_path(path: str) -> str:
    folder, name = posixpath.split(path)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _relations(reader: _Reader, path: str) -> dict[str, str]:
    folder = posixpath.dirname(path)
    found = {}
    for tag in _RELATION.findall(reader.read(_relations_path(path))):
        values = attributes(tag)
        if values.get("TargetMode") == "External":
            continue
        target = values.get("Target", "")
        joined = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[values.get("Id", "")] = joined
    return found
