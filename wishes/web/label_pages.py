"""Papers to print: ordered here, drawn in the background however many they are, fetched when they are done."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.access import Actor, By, Role, relations
from wishes.campaigns.queries import place_names
from wishes.clock import utc_now
from wishes.errors import Forbidden, Invalid
from wishes.handover import paper
from wishes.handover.queries import communities_in_transit
from wishes.i18n import Text
from wishes.intake.wishes import wish_by_code
from wishes.lifecycle import HELD, STATUS_LABEL, Status
from wishes.printing.actions import KEPT_FOR, may_print, order_papers
from wishes.printing.queries import Job, jobs_of, paper_of
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import language, moment, t
from wishes.web.identity import database, keyring, settings, signed_in

pages = campaign_blueprint("printing", __name__)

LAYOUT: dict[str, Text] = {
    "a4-24": Text("A4，每页 24 张（70 × 37 mm）", "A4, 24 a page (70 × 37 mm)"),
    "a4-40": Text("A4，每页 40 张（52.5 × 29.7 mm）", "A4, 40 a page (52.5 × 29.7 mm)"),
    "roll-60x40": Text("热敏卷纸 60 × 40 mm", "Thermal roll 60 × 40 mm"),
    "roll-40x60": Text("热敏卷纸 40 × 60 mm（竖）", "Thermal roll 40 × 60 mm (upright)"),
}


@pages.get("/print")
def home() -> str:
    return _page()


@pages.post("/print")
def start() -> WerkzeugResponse | tuple[str, int]:
    """Order one run; it is drawn in the background."""
    person, form = signed_in(), request.form
    try:
        order = paper.order_of(
            form.get("kind", ""),
            statuses=tuple(Status(each) for each in form.getlist("status") if each in {str(s) for s in HELD}),
            county_code=form.get("county", "")[:12],
            community_ids=_own(person, form.get("kind", "")),
            layout=form.get("layout", ""),
        )
        with database().transaction() as session:
            order_papers(session, campaign_id=g.campaign.id, order=order, actor=person, now=utc_now())
    except Invalid as error:
        return _page({error.field: error.say(language())}), 422
    flash(t("已开始准备，好了就能打开。", "It is being made; open it when it is done."), "success")
    return redirect(url_for("printing.home"))


@pages.get("/print/jobs")
def jobs() -> str:
    """The list alone, for the page that refreshes itself."""
    return render_template("printing/jobs.html", **_jobs(_printer()))


@pages.get("/print/<int:job_id>.pdf")
def fetch(job_id: int) -> Response:
    person = _printer()
    with database().reading() as session:
        kind, pdf = paper_of(
            session, campaign_id=g.campaign.id, job_id=job_id, account_id=person.account_id, folder=settings().uploads_dir,
            keyring=keyring(),
        )  # fmt: skip
    return _pdf(pdf, f"{kind}-{job_id}.pdf")


@pages.get("/wishes/<code>/label.pdf")
def label(code: str) -> Response:
    """The label of one wish, for who packs it; its taker does not learn the child's alias."""
    person = signed_in()
    with database().reading() as session:
        wish = wish_by_code(session, g.campaign.id, code)
    standing = relations(person, wish.facts)
    if not standing & {By.COORDINATOR, By.INSPECTOR, By.TAKER}:
        raise Forbidden()
    out = io.BytesIO()
    layout = paper.order_of("labels", layout=request.args.get("layout", "")).layout
    press = paper.Press(database(), keyring(), settings(), utc_now())
    known = bool(standing & {By.COORDINATOR, By.INSPECTOR})
    paper.label_of_wish(press, g.campaign.id, wish, out, layout=layout, alias=known)
    return _pdf(out.getvalue(), f"label-{wish.code}.pdf")


def _printer() -> Actor:
    """Whoever may print some paper here. Raises Forbidden."""
    person = signed_in()
    if not _offered(person):
        raise Forbidden()
    return person


def _offered(person: Actor) -> list[str]:
    return [kind for kind in paper.PAPERS if may_print(person, kind, g.campaign.id)]


def _own(person: Actor, kind: str) -> tuple[int, ...] | None:
    """A social worker prints for their own communities; who packs and who coordinates for all."""
    if kind in paper.PAPERS and person.roles_in(g.campaign.id) & {Role.INSPECTOR} and kind != "receipts":
        return None
    return communities_in_transit(person, g.campaign.id)


def _page(errors: dict[str, str] | None = None) -> str:
    person = _printer()
    asked = request.form if errors else request.args
    offered = _offered(person)
    chosen = asked.get("kind", "")
    with database().reading() as session:
        names = place_names(session, g.campaign.id)
    return render_template(
        "printing/home.html",
        kinds=[
            {"value": kind, "label": t(paper.PAPERS[kind].title), "help": t(paper.PAPERS[kind].help), "icon": "print"}
            for kind in offered
        ],
        chosen=chosen if chosen in offered else offered[0],
        statuses=[(str(status), t(STATUS_LABEL[status])) for status in HELD],
        picked=asked.getlist("status"),
        layouts=[(name, t(words)) for name, words in LAYOUT.items()],
        layout=asked.get("layout", "a4-24"),
        counties=sorted((code, name) for code, name in names.items() if len(code) == 6),
        county=asked.get("county", ""),
        errors=errors or {},
        **_jobs(person),
    )


def _jobs(person: Actor) -> dict[str, Any]:
    with database().reading() as session:
        found = jobs_of(session, g.campaign.id, person.account_id)
    return {
        "rows": [_row(job) for job in found],
        "going": any(job.under_way for job in found),
        "hours": int(KEPT_FOR.total_seconds() // 3600),
    }


def _row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "title": t(paper.PAPERS[job.kind].title),
        "at": moment(job.created_at),
        "url": url_for("printing.fetch", job_id=job.id) if job.state == "done" else "",
        "total": job.total,
        "done": job.done,
        "under_way": job.under_way,
        "problem": t(job.problem) if job.state == "failed" else "",
        "size": f"{max(job.size_bytes / 1e6, 0.1):.1f} MB",
    }


def _pdf(content: bytes, name: str) -> Response:
    return Response(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"},
    )
