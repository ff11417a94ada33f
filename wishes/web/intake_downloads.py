"""What can be taken away: the sender's workbook with remarks, the report of every row, the template."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, g
from sqlmodel import Session

from wishes.access import require
from wishes.campaigns.queries import campaign_by_id, place_names
from wishes.clock import utc_now
from wishes.events.actions import record
from wishes.intake.annotated import Remarks, annotated_workbook, report_workbook
from wishes.intake.files import RowState, rows_for
from wishes.intake.grids import View
from wishes.intake.inbox import file_seen
from wishes.intake.reader import reader_for
from wishes.intake.template_book import template_workbook
from wishes.intake.understanding import Entry
from wishes.intake.uploads import OriginalGone
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_cards import remark
from wishes.web.intake_opened import as_it_stands, view_for
from wishes.web.intake_pages import originals, pages

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STATUSES = ("accepted", "duplicate", "parked", "rejected")


@pages.get("/import/<int:file_id>/annotated")
def annotated(file_id: int) -> Response:
    """The sender's own workbook with remarks on the cells to be mended. Recorded: it holds identities."""
    with database().transaction() as session:
        file = file_seen(session, file_id, signed_in(), g.campaign.id)
        view = view_for(session, file_id)
        if view is None:
            raise OriginalGone()
        rows = rows_for(session, file_id, signed_in(), keyring(), statuses=_STATUSES)
        book = annotated_workbook(originals().read(session, file_id), file.name, view, remarks(view, rows))
        _note(session, "download_annotated", file_id)
    return _workbook(book, f"{_stem(file.name)}（请修改）.xlsx")


@pages.get("/import/<int:file_id>/report")
def report(file_id: int) -> Response:
    """Every row and what became of it."""
    with database().transaction() as session:
        file = file_seen(session, file_id, signed_in(), g.campaign.id)
        rows = rows_for(session, file_id, signed_in(), keyring(), statuses=_STATUSES)
        book = report_workbook(view_for(session, file_id), file.name, rows)
        _note(session, "download_report", file_id)
    return _workbook(book, f"{_stem(file.name)}（结果）.xlsx")


@pages.get("/import/template")
def template() -> Response:
    """An empty workbook for those who want one."""
    require(signed_in(), "intake.send", g.campaign.id)
    with database().reading() as session:
        campaign = campaign_by_id(session, g.campaign.id)
        reader = reader_for(session, g.campaign.id)
        places = place_names(session, g.campaign.id)
    book = template_workbook(
        campaign_name=campaign.name,
        ceiling_fen=campaign.price_ceiling_fen,
        items=[item.name for item in reader.lexicon.catalogue],
        places=places,
    )
    return _workbook(book, "微心愿征集表（模板）.xlsx")


def remarks(view: View, rows: list[tuple[RowState, Entry]]) -> Remarks:
    """What to write at which cell: each problem with how to mend it, in Chinese, for the sender."""
    found: dict[str, dict[tuple[int, int], tuple[str, str]]] = {}
    for page in view.annotated([as_it_stands(row, entry) for row, entry in rows if row.status != "duplicate"]):
        for at, marks in page.marks.items():
            codes = dict.fromkeys(mark.code for mark in marks)
            weight = min((mark.weight for mark in marks), key=("rejected", "parked", "warning").index)
            found.setdefault(page.name, {})[at] = (weight, "\n".join(map(remark, codes)))
    return found


def _note(session: Session, action: str, file_id: int) -> None:
    record(
        session, action=action, campaign_id=g.campaign.id, now=utc_now(), actor=signed_in(), data={"file_id": file_id}
    )


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0]


def _workbook(data: bytes, name: str) -> Response:
    response = Response(data, content_type=_XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename=\"microwish.xlsx\"; filename*=UTF-8''{quote(name)}"
    return response
