"""Decisions on a whole file: a revision, consents confirmed together, all that wait for one doubt, whose the file is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from flask import flash, g, redirect, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.clock import utc_now
from wishes.errors import Invalid, NotFound
from wishes.i18n import Text
from wishes.intake.consenting import CONSENT_PROBLEMS, HOW, confirm_consent, may_be_confirmed
from wishes.intake.files import rows_for
from wishes.intake.inbox import decide_revision, file_seen
from wishes.intake.placing import place_file
from wishes.intake.resolving import accept_parked
from wishes.intake.template_book import RELATIONS
from wishes.web.context import t
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_pages import pages
from wishes.web.intake_wording import RELATION, WAY
from wishes.web.numbers import whole


def day_typed(text: str) -> date:
    """Raises Invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("on", Text("请填写确认的日期。", "Give the day of the confirmation.")) from None


def way_choices() -> Mapping[str, list[tuple[str, str]]]:
    """Ways to confirm a consent, and who gives one."""
    return {
        "how": [(key, t(WAY[key])) for key in HOW],
        "giver": [(key, t(RELATION[key])) for key in RELATIONS],
    }


def consents_missing(session: Session, file_id: int, status: str) -> list[tuple[str, int]]:
    """What the consent cells say of entries of a status that lack a consent and may be confirmed together, with their number."""
    said: Counter[str] = Counter()
    for row, entry in rows_for(session, file_id, signed_in(), keyring(), statuses=(status,)):
        if CONSENT_PROBLEMS & set(row.reasons) and may_be_confirmed(entry):
            said[entry.consent_text.strip()[:40]] += 1
    return said.most_common(8)


@pages.post("/import/<int:file_id>/revision")
def revision(file_id: int) -> Response:
    """What is to become of a revised file: apply, add or drop."""
    decision = request.form.get("decision", "")
    if decision not in ("apply", "add", "drop"):
        raise NotFound()
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        decide_revision(session, file_id=file_id, decision=decision, actor=signed_in(), now=utc_now())
    said = {
        "apply": t("正在按更正版更新。", "The revision is being applied."),
        "add": t("正在登记新增的心愿。", "What is new is being added."),
        "drop": t("这份文件不采用，什么都没有改变。", "The file was set aside; nothing changed."),
    }
    flash(said[decision], "good")
    return redirect(url_for("intake.file", file_id=file_id))


@pages.post("/import/<int:file_id>/consent")
def consent(file_id: int) -> Response:
    """Bulk rule: the guardians of all lines that say the same confirmed it on a day."""
    on, said = day_typed(request.form.get("on", "")), request.form.get("said", "").strip()[:40]
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        counts = confirm_consent(
            session,
            file_id=file_id,
            on=on,
            keyring=keyring(),
            actor=signed_in(),
            now=utc_now(),
            said=said,
            how=request.form.get("how", "phone"),
        )
    if counts["rows"] or counts["left"]:
        flash(
            t(
                "已登记 {n} 条同意，记在您名下；接收 {rows} 条。",
                "{n} consents recorded under your name; {rows} accepted.",
                n=counts["rows"] + counts["left"],
                rows=counts["rows"],
            ),
            "good",
        )
    else:
        flash(t("没有这样的心愿要登记同意。", "No such wish lacks a consent."), "warn")
    return redirect(url_for("intake.file", file_id=file_id))


@pages.post("/import/<int:file_id>/accept-parked")
def accept_all_parked(file_id: int) -> Response:
    """Bulk rule: every entry that waits (for one doubt) is as it was read."""
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        doubt = request.form.get("doubt", "")[:40]
        counts = accept_parked(
            session, file_id=file_id, keyring=keyring(), actor=signed_in(), now=utc_now(), doubt=doubt
        )
    flash(t("已接收 {rows} 条。", "{rows} accepted.", **counts), "good")
    return redirect(url_for("intake.file", file_id=file_id))


@pages.post("/import/<int:file_id>/community")
def place(file_id: int) -> Response:
    """Say which community a file is from that does not say so itself."""
    with database().transaction() as session:
        file_seen(session, file_id, signed_in(), g.campaign.id)
        community_id = request.form.get("community", 0, type=whole)
        place_file(session, file_id=file_id, community_id=community_id, actor=signed_in(), now=utc_now())
    flash(t("记下了，这份文件归到这个社区。", "Noted: the file is this community's."), "good")
    return redirect(url_for("intake.file", file_id=file_id))
