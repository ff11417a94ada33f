"""Files meant to hurt, and files merely broken: one clear sentence, bounded memory and time, nothing lost of the others."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.intake.conftest import DEMO
from tests.intake.workbooks import Understand, workbook
from wishes.intake.reader import Reader, read_files
from wishes.intake.reading import LIMITS, PROBLEMS, UnreadableFile, column_name, read_workbook
from wishes.intake.understanding import CampaignRules, Lexicon

GOOD_ROWS = [["姓名", "心愿", "家长同意"], ["王大山", "书包", "是"]]


def refused(data: bytes, name: str = "来件.xlsx") -> str:
    started = time.process_time()  # its own, whatever else the machine does
    with pytest.raises(UnreadableFile) as caught:
        read_workbook(data, name)
    assert time.process_time() - started < 20
    error = caught.value
    assert error.say("zh").endswith(("。", "）。")) and error.say("en").endswith(".")
    assert name not in str(error)
    return error.problem


def replaced(data: bytes, path: str, content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The workbook with one part exchanged (or added)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for info in old.infolist():
            if info.filename != path:
                new.writestr(info.filename, old.read(info))
        new.writestr(path, content)
    return out.getvalue()


def sheet_xml(cells: str, dimension: str = "A1:C2") -> bytes:
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{cells}</sheetData></worksheet>'
    ).encode()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_zip_bomb_is_not_opened() -> None:
    bomb = replaced(workbook(GOOD_ROWS), SHEET, b"<x>" + b" " * 300_000_000)
    assert len(bomb) < 1_000_000
    assert refused(bomb) == "bomb"


def test_a_zip_that_lies_about_its_sizes_is_not_believed() -> None:
    inner = b"<x>" + b" " * 200_000_000
    data = bytearray(replaced(workbook(GOOD_ROWS), SHEET, inner))
    true_size, told_size = struct.pack("<L", len(inner)), struct.pack("<L", 1000)
    assert data.count(true_size) >= 1
    assert refused(bytes(data.replace(true_size, told_size))) in ("damaged", "bomb")


def test_a_giant_dimension_is_only_a_word() -> None:
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>'
    data = replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(cell, "A1:XFD1048576"))
    assert read_workbook(data, "x.xlsx").sheets[0].rows[0][0] == "姓名"


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZZZZZ1", "A99999999", "XFD2000"])
def test_a_cell_at_the_end_of_the_world_is_refused(cell: str) -> None:
    row = re.sub(r"\D", "", cell)
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{cell}"><v>1</v></c></row>'
    assert refused(replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(cells))) == "sheet_too_large"


def test_a_million_columns_are_refused() -> None:
    assert refused(b",".join([b"x"] * 1_000_000), "x.csv") == "sheet_too_large"
    wide = "".join(f'<c r="{column_name(i)}1"><v>{i}</v></c>' for i in range(16_384))
    assert refused(replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(f'<row r="1">{wide}</row>'))) == "sheet_too_large"
    unplaced = "".join(f"<c><v>{i}</v></c>" for i in range(1_000_000))
    assert refused(replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(f'<row r="1">{unplaced}</row>'))) == "sheet_too_large"


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="ZZ1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="zz1000000"><v>1</v></c></row>',
        '<row r="1"><c r = "A1"><v>1</v></c><c r = "ZZ1000000"><v>1</v></c></row>',
        '<row r="99999999999999"><c r="A99999999999999"><v>1</v></c></row>',
        '<row r="1"><c r="XFD1"/><c><v>1</v></c></row><row r="200000"><c r="A200000"><v>1</v></c></row>',
        '<row r="900000"><c><v>1</v></c></row>',
        "<row><c><v>1</v></c></row>" * 250_000,
    ],
)
def test_a_cell_that_lies_about_its_place_lays_out_nothing(cells: str) -> None:
    data = replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(cells), zipfile.ZIP_STORED)
    assert refused(data) == "sheet_too_large"


def test_cells_without_a_place_follow_each_other() -> None:
    rows = ["".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row) for row in GOOD_ROWS]
    cells = "".join(f"<row>{row}</row>" for row in rows)
    assert read_workbook(replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(cells)), "x.xlsx").sheets[0].rows == GOOD_ROWS


def test_a_million_empty_formatted_cells_are_read_over() -> None:
    empty = "".join(f'<row r="{r}"><c r="A{r}" s="0"/><c r="CV{r}" s="0"/></row>' for r in range(3, 200_000))
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>' + empty
    assert len(read_workbook(replaced(workbook(GOOD_ROWS), SHEET, sheet_xml(cells)), "x.xlsx").sheets[0].rows) < 200_001


def test_an_encrypted_workbook_is_told_apart_from_an_old_one() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    assert refused(ole + "EncryptedPackage".encode("utf-16-le") + b"\0" * 100) == "encrypted"
    assert refused(ole + "Workbook".encode("utf-16-le")) == "old_excel"


@pytest.mark.parametrize(
    "data, problem",
    [
        (b"<html><body><table><tr><td>x</td></tr></table></body></html>", "markup"),
        ('\ufeff<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?><Workbook/>'.encode(), "markup"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00" + b"\0" * 200, "old_excel"),
        (b"PK\x05\x06" + b"\0" * 18, "damaged"),
    ],
)
def test_what_old_systems_call_a_workbook_says_how_to_send_it(data: bytes, problem: str) -> None:
    assert refused(data, "导出.xls") == problem


def test_the_binary_form_of_excel_is_told_apart() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            '<Relationships><Relationship Id="1" Type="x/officeDocument" Target="xl/workbook.bin"/></Relationships>',
        )
        archive.writestr("xl/workbook.bin", b"\x83\x01\x00")
    assert refused(out.getvalue(), "x.xlsb") == "not_a_workbook"


def test_characters_and_numbers_that_do_not_exist_stop_nothing(understand_bytes: Understand) -> None:
    good = workbook(GOOD_ROWS)
    names = zipfile.ZipFile(io.BytesIO(good)).read("xl/workbook.xml").replace(b"Sheet1", b"&#x7fffff;&#xd800;")
    assert refused(replaced(good, "xl/workbook.xml", names)) == "damaged"
    texts = "".join(
        f'<c r="{column}1" t="inlineStr"><is><t>{t}</t></is></c>'
        for column, t in zip("ABCD", ("姓名", "出生年月", "心愿", "价格"), strict=True)
    )
    numbers = '<c r="A2" t="inlineStr"><is><t>王大山</t></is></c><c r="B2"><v>1e999</v></c><c r="C2" t="inlineStr"><is><t>书包</t></is></c><c r="D2"><v>NaN</v></c>'
    data = replaced(good, SHEET, sheet_xml(f'<row r="1">{texts}</row><row r="2">{numbers}</row>', "A1:D2"))
    [entry] = understand_bytes(data).entries
    assert (entry.child, entry.birth, entry.price_high) == ("王大山", None, None)


def test_a_quote_never_closed_swallows_no_line(understand_bytes: Understand) -> None:
    text = '姓名,心愿,家长同意\n"王大山,书包,是\n李小河,足球,是\n'
    assert [e.child for e in understand_bytes(text.encode(), "x.csv").entries] == ["王大山", "李小河"]


def test_excels_own_word_for_the_separator_is_no_line_of_the_table(understand_bytes: Understand) -> None:
    text = "sep=|\r\n姓名|心愿|家长同意\r\n王大山|书包,大的|是\r\n"
    assert [(e.cell, e.child) for e in understand_bytes(text.encode("utf-8-sig"), "x.csv").entries] == [
        ("B3", "王大山")
    ]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_workbook_gnawed_at_is_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    whole = workbook(
        [["姓名", "心愿", "价格"], ["王大山", "书包", 80], ["李小河", "足球", 60]],
        merge=["A2:A3"],
        hidden_rows=[3],
        struck=["B2"],
    )
    part = data.draw(st.sampled_from(sorted(zipfile.ZipFile(io.BytesIO(whole)).namelist())))
    content = bytearray(zipfile.ZipFile(io.BytesIO(whole)).read(part))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 12))] = data.draw(
            st.sampled_from([b"", b"<", b'"', b"&", b"\x00", b"99999999999", b"-1", b'<c r="A', b"</row>"])
        )
    try:
        read_workbook(replaced(whole, part, bytes(content)), "x.xlsx")
    except UnreadableFile as error:
        assert error.say("zh") and error.say("en")


def test_encrypted_parts_are_told_as_such() -> None:
    data = bytearray(workbook(GOOD_ROWS))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(mark, start)) >= 0:
            data[start + at] |= 1
            start += 4
    assert refused(bytes(data)) == "encrypted"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook_says_that_it_is_damaged(share: float) -> None:
    whole = (DEMO / "wishes" / "工作簿1.xlsx").read_bytes()
    assert refused(whole[: int(len(whole) * share)]) == "damaged"


@pytest.mark.parametrize(
    "start", [b"MZ\x90\x00", b"\x7fELF\x02", b"%PDF-1.7\n", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"Rar!\x1a"]
)
def test_a_renamed_program_or_picture_is_no_workbook(start: bytes) -> None:
    assert refused(start + bytes(range(256)) * 20) == "not_a_workbook"
    assert refused(start + bytes(range(256)) * 20, "x.csv") == "not_a_workbook"


def test_noise_is_no_workbook() -> None:
    noise = zlib.compress(bytes(range(256)) * 50)[2:] * 20
    assert refused(noise, "x.csv") in ("not_a_workbook", "unknown_encoding")
    assert refused(b"\x00" * 5000, "x.csv") in ("not_a_workbook", "empty")
    assert refused(b"") == "empty"


def test_a_word_document_or_any_other_zip_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "_rels/.rels",
            '<Relationships><Relationship Id="1" Type="x/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr("word/document.xml", "<document/>")
    assert refused(out.getvalue()) == "not_a_workbook"
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("a.txt", "x")
    assert refused(plain.getvalue()) == "not_a_workbook"


def test_too_big_a_file_is_refused_before_it_is_opened() -> None:
    assert refused(b"PK\x03\x04" + b"\0" * LIMITS.file_size) == "too_big"


def test_external_links_and_macros_are_left_behind() -> None:
    data = replaced(workbook(GOOD_ROWS), "xl/externalLinks/externalLink1.xml", b"<externalLink/>")
    data = replaced(data, "xl/vbaProject.bin", b"Attribute VB_Name")
    book = read_workbook(data, "x.xlsm")
    assert set(book.notes) == {"macros", "external_links"}
    assert book.sheets[0].rows[1][0] == "王大山"


def test_entities_in_a_sheet_stay_inert() -> None:
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
        + sheet_xml('<row r="1"><c r="A1" t="inlineStr"><is><t>&b;&c;</t></is></c></row>').split(b"?>", 1)[1]
    )
    data = replaced(workbook(GOOD_ROWS), SHEET, laughs)
    try:
        text = repr(read_workbook(data, "x.xlsx").sheets[0].rows)
    except UnreadableFile as error:
        assert error.problem == "damaged"
    else:
        assert "root:" not in text and "haha" not in text


def test_a_formula_is_never_run_nor_carried_along(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "价格", "家长同意"],
        ["王大山", '=HYPERLINK("http://x.example","书包")', "=60+20", "是"],
        ["李小河", "=cmd|' /C calc'!A0", "=A1:A9", "是"],
        ["赵青青", "@SUM(1+1)*足球", "+80", "是"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert entries[0].price_high == 8000
    assert all("cmd" not in (e.item or "") and "HYPERLINK" not in e.raw for e in entries)


def test_one_bad_file_costs_none_of_the_others(tmp_path: Path, lexicon: Lexicon, rules: CampaignRules) -> None:
    files = {f"{i}.xlsx": workbook(GOOD_ROWS) for i in range(9)}
    files |= {
        "4坏.xlsx": workbook(GOOD_ROWS)[:900],
        "7炸弹.xlsx": replaced(workbook(GOOD_ROWS), SHEET, b" " * 300_000_000),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = sorted(tmp_path.iterdir())
    readings = list(read_files(Reader(rules, lexicon), paths, processes=2))
    assert [r.file for r in readings] == [p.name for p in paths]
    assert [r.problem for r in readings if r.problem] == ["damaged", "bomb"]
    assert sum(len(r.entries) for r in readings) == 9
    bad = next(r for r in readings if r.problem == "damaged")
    assert (bad.problem_zh, bad.problem_en) == (PROBLEMS["damaged"].zh, PROBLEMS["damaged"].en)


def test_the_worst_file_stays_within_memory(tmp_path: Path) -> None:
    """In its own process, so that the peak is the file's alone."""
    path = tmp_path / "b.xlsx"
    path.write_bytes(
        replaced(
            workbook(GOOD_ROWS),
            SHEET,
            sheet_xml(
                "".join(
                    f'<row r="{r}"><c r="A{r}" t="inlineStr"><is><t>{"心" * 30}</t></is></c></row>'
                    for r in range(1, 150_000)
                )
            ),
        )
    )
    code = (
        "import re;from wishes.intake.reading import read_workbook;"
        f"b=read_workbook(open({str(path)!r},'rb').read(),'b');"
        # Not ru_maxrss: that remembers the process this one was forked from.
        "print(len(b.sheets[0].rows), re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    rows, peak = map(int, done.stdout.split())
    assert rows == 149_999
    assert peak < 500_000
