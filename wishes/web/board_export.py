"""The board's tables as files: CSV for one, a workbook for all. Text stays text; nothing in them is a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from werkzeug.wrappers import Response

from wishes.errors import NotFound
from wishes.web.context import t

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its title, the heads of its columns, and rows of numbers and words."""

    title: str
    heads: list[str]
    rows: list[list[Any]]


def sheets(figures: dict[str, Any]) -> dict[str, Sheet]:
    """The tables of the board by panel."""
    median = [t("中位天数", "Median days"), t("下限 95%", "Lower 95%"), t("上限 95%", "Upper 95%")]
    return {
        "groups": Sheet(
            t("分组时间差", "Gaps by group"),
            [
                t("分组", "Group"),
                t("心愿", "Wishes"),
                t("已完成", "Done"),
                t("仍在等", "Waiting"),
                *median,
                t("九成以内", "90% within"),
            ],
            [
                [r["name"], r["n"], r["done"], r["waiting"], r["median"], r["low"], r["high"], r["p90"]]
                for r in figures["groups"]
            ],
        ),
        "districts": Sheet(
            t("区县", "Districts"),
            [
                t("区县", "District"),
                t("仍在等", "Waiting"),
                t("已超期", "Late"),
                t("已送达", "Delivered"),
                t("公开→送达中位天数", "Published → delivery, median days"),
            ],
            [[r["name"], r["waiting"], r["late"], r["finished"], r["median"]] for r in figures["districts"]],
        ),
        "stages": Sheet(
            t("各阶段", "Stages"),
            [
                t("阶段", "Stage"),
                t("现在", "Now"),
                t("已超期", "Late"),
                t("走完", "Passed"),
                *median,
                t("九成以内", "90% within"),
            ],
            [
                [r["name"], r["here"], r["late"], r["done"], r["median"], r["low"], r["high"], r["p90"]]
                for r in figures["stages"]
            ],
        ),
        "ages": Sheet(
            t("停留多久", "Ageing"),
            [t("阶段", "Stage"), *figures["ages"]["names"]],
            [[r["name"], *(cell["shown"] for cell in r["cells"])] for r in figures["ages"]["rows"]],
        ),
        "flow": Sheet(
            t("累计流", "Cumulative flow"),
            [t("日期", "Date"), *figures["flow"]["names"]],
            [[r["day"], *r["cells"]] for r in figures["flow"]["rows"]],
        ),
        "curves": Sheet(
            t("仍在等的比例", "Share still waiting"),
            [
                t("天数", "Days"),
                *(
                    f"{name}{part}"
                    for name in figures["curves"]["names"]
                    for part in ("", t(" 下限", " lower"), t(" 上限", " upper"))
                ),
            ],
            [
                [r["day"], *(v for cell in r["cells"] for v in (cell or (None, None, None)))]
                for r in figures["curves"]["rows"]
            ],
        ),
        "league": Sheet(
            t("各支部", "Branches"),
            [t("支部", "Branch"), t("承担", "Taken"), t("已送达", "Delivered"), t("已超期", "Late"), *median],
            [
                [r["name"], r["taken"], r["done"], r["late"], r["median"], r["low"], r["high"]]
                for r in figures["league"]
            ],
        ),
    }


def export(figures: dict[str, Any], kind: str, *, panel: str, name: str) -> Response:
    """The file as an attachment. Raises NotFound for a kind or panel there is not."""
    tables = sheets(figures)
    if kind == "xlsx":
        body, mimetype = workbook(list(tables.values())), XLSX
    elif kind == "csv" and panel in tables:
        body, mimetype, name = table(tables[panel]), "text/csv; charset=utf-8", f"{name}-{panel}"
    else:
        raise NotFound()
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def table(sheet: Sheet) -> bytes:
    """CSV with a byte order mark, so that Excel reads the Chinese; text that would be a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(map(harmless, sheet.heads))
    writer.writerows([harmless(_rounded(cell)) for cell in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig")


def workbook(tables: list[Sheet]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True})
    for sheet in tables:
        page = book.add_worksheet(sheet.title[:31].translate(str.maketrans("[]:*?/\\", "       ")))
        page.freeze_panes(1, 0)
        page.set_column(0, 0, 28)
        for column, head in enumerate(sheet.heads):
            page.write_string(0, column, head, bold)
        for number, row in enumerate(sheet.rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif cell is not None:
                    page.write_number(number, column, _rounded(cell))
    book.close()
    return out.getvalue()


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula. Source: OWASP, CSV injection."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_STARTS_A_FORMULA) else cell


def _rounded(cell: Any) -> Any:
    return round(cell, 4) if isinstance(cell, float) else cell
