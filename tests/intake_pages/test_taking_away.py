"""What is downloaded: the sender's workbook with remarks, the report. Nothing in it is live."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest

from tests.intake_pages.conftest import Site
from tests.intake_pages.senders import DIRTY, HEADER, csv, line, xlsx

LIVE = [
    '=HYPERLINK("http://evil.example","书包")',
    "=1+1",
    "@SUM(A1)",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "=cmd|'/C calc'!A0",
]


def _parts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name).decode("utf-8", "replace") for name in packed.namelist()}


def _assert_nothing_live(data: bytes) -> None:
    for name, text in _parts(data).items():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            assert not re.search(r"<(\w+:)?f[ >/]", text), name
            assert "<hyperlink" not in text, name
        assert "externalLink" not in name and "vbaProject" not in name
    book = openpyxl.load_workbook(io.BytesIO(data))
    for sheet in book:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row), sheet.title


def _live_workbook() -> bytes:
    """Formulas, a link, a name and a conditional format, as somebody means harm or is merely neat."""
    rows = [line(f"章{n}", "一个神秘的东西", remark=text) for n, text in enumerate(LIVE)]
    book = openpyxl.load_workbook(io.BytesIO(xlsx([*rows, line("俞一", "书包")])))
    sheet = book.active
    assert sheet is not None
    sheet["H4"] = LIVE[0]
    sheet["I5"] = "=100+20"
    sheet["H9"].hyperlink = "http://evil.example/"
    book.defined_names["偷"] = openpyxl.workbook.defined_name.DefinedName("偷", attr_text="'[1]外部'!$A$1")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_sender_gets_their_own_workbook_with_remarks_on_the_cells_to_mend(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    answer = coordinator.get(f"/import/{site.file('来件.xlsx').id}/annotated")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data))["汇总"]
    assert [cell.value for cell in sheet[2]] == list(HEADER)
    remarks = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert "认不出是什么物品" in remarks["H4"]
    assert "看不懂价格" in remarks["I5"] and "11 位" in remarks["G5"]
    assert "不安全" in remarks["H6"]
    assert "没有监护人同意" in remarks["J7"] and "书面同意" in remarks["J7"]
    assert "H3" not in remarks
    assert sheet["H6"].fill.start_color.rgb != "00000000"


@pytest.mark.parametrize("what", ["annotated", "report"])
def test_no_formula_of_a_sender_is_live_in_what_is_sent_on(site: Site, what: str) -> None:
    coordinator = site.sign_in()
    coordinator.upload(
        ("来件.xlsx", _live_workbook()), ("来件.csv", csv([line(f"俞{n}", text) for n, text in enumerate(LIVE)]))
    )
    site.work()
    for name in ("来件.xlsx", "来件.csv"):
        data = coordinator.get(f"/import/{site.file(name).id}/{what}").data
        _assert_nothing_live(data)


def test_a_csv_comes_back_as_a_workbook_with_remarks(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.csv", csv(DIRTY)))
    site.work()
    data = coordinator.get(f"/import/{site.file('来件.csv').id}/annotated").data
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == list(HEADER)
    remarks = {cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment}
    assert "认不出是什么物品" in remarks["H3"]


def test_a_workbook_that_only_excel_forgives_comes_back_all_the_same(sqlite_site: Site) -> None:
    """The style sheet is broken: the values can be read, the looks cannot be kept."""
    broken = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(DIRTY))) as whole, zipfile.ZipFile(broken, "w") as packed:
        for name in whole.namelist():
            data = whole.read(name)
            packed.writestr(name, re.sub(rb'count="\d+"', b'count="x"', data) if name == "xl/styles.xml" else data)
    coordinator = sqlite_site.sign_in()
    coordinator.upload(("来件.xlsx", broken.getvalue()))
    sqlite_site.work()
    file = sqlite_site.file("来件.xlsx")
    assert file.state == "done"
    sheet = openpyxl.load_workbook(io.BytesIO(coordinator.get(f"/import/{file.id}/annotated").data)).active
    assert sheet is not None and sheet["H4"].comment is not None


def test_the_report_tells_every_row_and_what_became_of_it(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    book = openpyxl.load_workbook(io.BytesIO(coordinator.get(f"/import/{site.file('来件.xlsx').id}/report").data))
    rows = list(book["心愿"].values)
    at = {title: n for n, title in enumerate(rows[0])}
    told = [(row[at["单元格"]], row[at["结果"]]) for row in rows[1:]]
    assert len(told) == len(DIRTY)
    assert dict(told) == {
        "H3": "接收", "H4": "待确认", "H5": "待确认", "H6": "不接收", "H7": "不接收", "H8": "不接收", "H9": "接收", "H10": "重复",
        "H11": "待确认", "H12": "不接收",
    }  # fmt: skip
    assert {row[3] for row in list(book["其他行"].values)[1:]} >= {"标题", "表头"}


def _pictured_workbook() -> bytes:
    """A picture, a merged cell, a width, a choice, a sender's own comment, a second sheet: what must not be lost."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx(DIRTY)))
    sheet = book["汇总"]
    pixel = io.BytesIO(bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    ))  # fmt: skip
    sheet.add_image(openpyxl.drawing.image.Image(pixel), "M2")
    sheet.merge_cells("J7:J8")
    sheet.column_dimensions["E"].width = 44
    sheet["H4"].comment = openpyxl.comments.Comment("我们自己的话", "发件人")
    sheet["H4"].font = openpyxl.styles.Font(bold=True)
    choice = openpyxl.worksheet.datavalidation.DataValidation(type="list", formula1='"男,女"')
    choice.add("C3:C20")
    sheet.add_data_validation(choice)
    book.create_sheet("附页")["B2"] = "别的话"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_nothing_of_the_senders_workbook_is_lost(sqlite_site: Site) -> None:
    coordinator = sqlite_site.sign_in()
    coordinator.upload(("来件.xlsx", _pictured_workbook()))
    sqlite_site.work()
    data = coordinator.get(f"/import/{sqlite_site.file('来件.xlsx').id}/annotated").data
    _assert_nothing_live(data)
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["汇总"]
    assert [cell.value for cell in sheet[2]] == list(HEADER) and book["附页"]["B2"].value == "别的话"
    assert len(sheet._images) == 1
    assert str(sheet.merged_cells.ranges.pop()) == "J7:J8" and sheet.column_dimensions["E"].width == 44
    assert sheet.data_validations.dataValidation[0].formula1 == '"男,女"'
    assert "我们自己的话" in sheet["H4"].comment.text and "认不出是什么物品" in sheet["H4"].comment.text
    assert sheet["H4"].font.bold and sheet["H4"].fill.start_color.rgb == "FFFCE3AE"
    assert "没有监护人同意" in sheet["J7"].comment.text
