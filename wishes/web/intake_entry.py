"""One wish at a time, on a phone: read and judged by the same rules as a workbook."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Role, may, require
from wishes.campaigns.queries import campaign_by_id, place_names
from wishes.clock import local, utc_now
from wishes.intake.admitting import in_the_name_of
from wishes.intake.grids import pack, view_of
from wishes.intake.inbox import receive
from wishes.intake.kinship import compare, stored_children
from wishes.intake.reader import reader_for
from wishes.intake.reading import read_workbook
from wishes.intake.store import store_reading
from wishes.intake.template_book import RELATIONS, TYPES, one_wish
from wishes.intake.understanding import Entry, understand_file
from wishes.protection.vault import Vault
from wishes.web.context import t
from wishes.web.identity import database, keyring, signed_in
from wishes.web.intake_cards import problem
from wishes.web.intake_pages import originals, pages
from wishes.web.intake_wording import MEND

_FIELDS = (
    "child", "sex", "birth", "county", "town", "village", "school", "guardian", "relation", "phone", "wish", "size", "qty", "price",
    "consent", "remark",
)  # fmt: skip
_AT: dict[str, str] = {
    "missing_wish": "wish", "missing_name": "child", "over_ceiling": "price", "age_out_of_range": "birth", "no_consent": "consent",
    "unsafe_item": "wish", "cash_wish": "wish", "out_of_area": "town", "item_unknown": "wish", "item_unsure": "wish",
    "price_unreadable": "price", "consent_unreadable": "consent", "age_unsure": "birth", "place_unsure": "town",
    "wish_cut_unsure": "wish", "phone_invalid": "phone", "birth_missing": "birth",
}  # fmt: skip
"""Problem → the entry of the form where it is mended."""
TYPE_EN = dict(zip(TYPES, ("orphan", "unattended", "poor family", "disabled", "left behind", "other"), strict=True))
RELATION_EN = dict(
    zip(
        RELATIONS,
        (
            "father",
            "mother",
            "father's father",
            "father's mother",
            "mother's father",
            "mother's mother",
            "relative",
            "institution",
        ),
        strict=True,
    )
)
_MUST = ("child", "sex", "birth", "guardian", "phone", "wish", "consent")


@pages.get("/import/new")
def new_wish() -> str:
    require(signed_in(), "intake.send", g.campaign.id)
    return _form({}, [])


@pages.post("/import/new")
def enter_wish() -> Response | tuple[str, int]:
    """Judge at once; what is refused is said beside its entry, what is doubtful may be handed in for a coordinator to decide."""
    person, now = signed_in(), utc_now()
    require(person, "intake.send", g.campaign.id)
    values = {name: request.form.get(name, "").strip()[:200] for name in _FIELDS}
    values["types"] = "、".join(each for each in request.form.getlist("types") if each in TYPES)
    errors = [(name, t("请填写这一项。", "Please fill this in.")) for name in _MUST if not values[name]]
    if values["consent"] == "no":
        errors.append(
            (
                "consent",
                t("没有监护人同意不能登记。请先取得同意。", "Without the guardian's consent it cannot be taken."),
            )
        )
    if errors:
        return _form(values, errors), 422
    name = f"手填 {local(now):%Y-%m-%d %H%M%S} {secrets.token_hex(3)}.csv"
    data = one_wish(_told(values))
    book = read_workbook(data, name)
    with database().reading() as session:
        reader = reader_for(session, g.campaign.id)
    reading = understand_file(book, rules=reader.rules, lexicon=reader.lexicon)
    errors = _errors(reading.entries, insist="insist" in request.form)
    if errors:
        parked = all(entry.status != "rejected" for entry in reading.entries) and bool(reading.entries)
        return _form(values, errors, may_insist=parked), 422
    with database().transaction() as session:
        vault = Vault(keyring())
        file_id = receive(
            session,
            originals(),
            campaign_id=g.campaign.id,
            name=name,
            data=data,
            batch=secrets.token_hex(8),
            actor=person,
            now=now,
        )
        kinship, _ = compare([reading], stored_children(session, vault, g.campaign.id))
        done = store_reading(
            session,
            campaign=campaign_by_id(session, g.campaign.id),
            reading=reading,
            keyring=keyring(),
            now=now,
            actor=in_the_name_of(person.account_id, g.campaign.id),
            file=file_id,
            kinship=kinship,
        )
        originals().keep_view(session, file_id, pack(view_of(book, reading, sender="")))
    if done.counts.get("duplicates"):
        flash(
            t(
                "这个孩子的这个心愿以前登记过，没有重复登记。",
                "This wish of this child was entered before; it was not taken twice.",
            ),
            "warn",
        )
    elif done.counts.get("wishes"):
        flash(t("已登记，等协调员核实。", "Entered; a coordinator will verify it."), "good")
    else:
        flash(t("已交给协调员确认。", "Handed to a coordinator to decide."), "good")
    return redirect(url_for("intake.new_wish") if "again" in request.form else url_for("intake.file", file_id=file_id))


def _told(values: dict[str, str]) -> dict[str, str]:
    """The values as a careful sender would write them into the template."""
    sex, consent = {"M": "男", "F": "女"}, {"yes": "有"}
    with database().reading() as session:
        places = place_names(session, g.campaign.id)
    return {
        **values,
        "sex": sex.get(values["sex"], ""),
        "consent": consent.get(values["consent"], "无"),
        "county": places.get(values["town"][:6], ""),
        "town": places.get(values["town"], ""),
    }


def _errors(entries: list[Entry], *, insist: bool) -> list[tuple[str, str]]:
    """(entry of the form, sentence) for what the rules say; doubts are let through when the person insists."""
    if not entries:
        return [("wish", problem("missing_wish"))]
    found: dict[tuple[str, str], None] = {}
    for entry in entries:
        codes = (
            entry.reasons
            if entry.status == "rejected"
            else entry.doubts
            if entry.status == "parked" and not insist
            else []
        )
        for code in codes:
            found[_AT.get(code, "wish"), f"{problem(code)}。{t(MEND[code]) if code in MEND else ''}"] = None
        if "phone_invalid" in entry.warnings:
            found["phone", t("手机号应为 11 位。", "A mobile number has eleven digits.")] = None
    return list(found)


def _form(values: dict[str, str], errors: list[tuple[str, str]], *, may_insist: bool = False) -> str:
    person = signed_in()
    with database().reading() as session:
        places = place_names(session, g.campaign.id)
        reader = reader_for(session, g.campaign.id)
    counties = sorted((code, name) for code, name in places.items() if len(code) == 6)
    told: dict[str, Any] = {
        "values": values,
        "errors": errors,
        "wrong": dict(errors),
        "may_insist": may_insist,
        "towns": [
            (
                county,
                sorted((town, place) for town, place in places.items() if len(town) == 9 and town.startswith(code)),
            )
            for code, county in counties
        ],
        "items": [item.name for item in reader.lexicon.catalogue],
        "types": [(each, t(each, TYPE_EN[each])) for each in TYPES],
        "relations": [(each, t(each, RELATION_EN[each])) for each in RELATIONS],
        "ceiling_fen": reader.rules.ceiling_fen,
        "again": may(person, "campaign.coordinate", g.campaign.id)
        or Role.SOCIAL_WORKER in person.roles_in(g.campaign.id),
    }
    return render_template("intake/entry.html", **told)
