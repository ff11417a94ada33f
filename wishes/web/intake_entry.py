"""One wish at a time, on a phone: read and judged by the same rules as a workbook."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, g, redirect, render_template, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import Actor, Role, may, require
from wishes.campaigns.queries import campaign_by_id, place_names
from wishes.clock import local, utc_now
from wishes.i18n import Text
from wishes.intake.admitting import in_the_name_of
from wishes.intake.grids import pack, view_of
from wishes.intake.inbox import receive
from wishes.intake.kinship import compare, likely_children
from wishes.intake.placing import communities_for
from wishes.intake.reader import reader_for
from wishes.intake.reading import read_workbook
from wishes.intake.store import store_reading, take_turn
from wishes.intake.tables import Community, ImportFile
from wishes.intake.template_book import RELATIONS, TYPES, one_wish
from wishes.intake.understanding import Entry, understand_file
from wishes.model import table_of
from wishes.protection.vault import Vault
from wishes.web.context import t
from wishes.web.identity import database, keyring, settings, signed_in
from wishes.web.intake import sending_for
from wishes.web.intake_cards import problem
from wishes.web.intake_pages import originals, pages
from wishes.web.intake_wording import MEND, RELATION, WITHOUT_COMMUNITY

_COMMUNITY, _FILE = table_of(Community), table_of(ImportFile)
_FIELDS = (
    "child", "sex", "birth", "county", "town", "village", "school", "guardian", "relation", "phone", "wish", "size", "qty", "price",
    "consent", "remark",
)  # fmt: skip
_AT: dict[str, str] = {
    "missing_wish": "wish", "missing_name": "child", "over_ceiling": "price", "age_out_of_range": "birth", "no_consent": "consent",
    "unsafe_item": "wish", "cash_wish": "wish", "out_of_area": "town", "item_unknown": "wish", "item_unsure": "wish", "item_either": "wish",
    "price_unreadable": "price", "consent_unreadable": "consent", "age_unsure": "birth", "place_unsure": "town",
    "wish_cut_unsure": "wish", "phone_invalid": "phone", "birth_missing": "birth",
}  # fmt: skip
"""Problem → the entry of the form where it is mended."""
TYPE_EN = dict(zip(TYPES, ("orphan", "unattended", "poor family", "disabled", "left behind", "other"), strict=True))
_MUST = {
    "wish": Text("想要什么", "What is wished for"),
    "child": Text("孩子姓名", "Child's name"),
    "sex": Text("性别", "Sex"),
    "birth": Text("出生日期", "Birth date"),
    "guardian": Text("监护人姓名", "Guardian's name"),
    "phone": Text("监护人电话", "Guardian's phone"),
    "consent": Text("监护人书面同意了吗", "Has the guardian consented in writing?"),
}
"""What has to be filled in, as the form calls it."""


@pages.get("/import/new")
def new_wish() -> str:
    require(signed_in(), "intake.send", g.campaign.id)
    return _form({}, [])


@pages.get("/import/offline.js")
def offline_worker() -> Response:
    """The service worker that opens the form without signal: served here so that it may look after these pages."""
    return send_from_directory(settings().static_dir / "js", "intake_offline.js", mimetype="text/javascript", max_age=0)


@pages.post("/import/new")
def enter_wish() -> ResponseReturnValue:
    """Judge at once; what is refused is said beside its entry, what is doubtful may be handed in for a coordinator to decide.

    ``key`` is the entry's own: the same key again, when an answer was lost on the way, answers what became of the first.
    A script is answered in JSON: ``state`` and ``said``, or ``errors`` by entry (422) and ``may_insist``.
    """
    person, now = signed_in(), utc_now()
    require(person, "intake.send", g.campaign.id)
    key = request.form.get("key", "")
    key = key if re.fullmatch(r"[0-9a-f]{16,32}", key) else secrets.token_hex(8)
    with database().reading() as session:
        known = _entered(session, person, key)
    if known is not None:
        return _answer(*known)
    values = {name: request.form.get(name, "").strip()[:200] for name in _FIELDS}
    values["types"] = "、".join(each for each in request.form.getlist("types") if each in TYPES)
    community_id = sending_for(person)
    if errors := _missing(values, person, community_id):
        return _refuse(values, errors)
    name = f"手填 {local(now):%Y-%m-%d} {key[:10]}.csv"
    data = one_wish(_told(values, community_id))
    book = read_workbook(data, name)
    with database().reading() as session:
        reader = reader_for(session, g.campaign.id)
    reading = understand_file(book, rules=reader.rules, lexicon=reader.lexicon)
    if errors := _errors(reading.entries, insist="insist" in request.form):
        parked = all(entry.status != "rejected" for entry in reading.entries) and bool(reading.entries)
        return _refuse(values, errors, may_insist=parked)
    if community_id is not None:  # where a social worker enters it, it is their community's, wherever the child lives
        reading.town, reading.sender_name = None, ""
    with database().transaction() as session:
        take_turn(session, g.campaign.id)
        known = _entered(session, person, key)
        if known is None:
            file_id = receive(
                session,
                originals(),
                campaign_id=g.campaign.id,
                name=name,
                data=data,
                batch=_batch(key),
                actor=person,
                now=now,
                community_id=community_id,
            )
            stored = likely_children(session, Vault(keyring()), g.campaign.id, reading.entries)
            kinship, found = compare([reading], stored)
            done = store_reading(
                session,
                campaign=campaign_by_id(session, g.campaign.id),
                reading=reading,
                keyring=keyring(),
                now=now,
                actor=in_the_name_of(person.account_id, g.campaign.id),
                file=file_id,
                kinship=kinship,
                maybe={repeat.entry: repeat.of for repeat in found.maybe},
            )
            originals().keep_view(session, file_id, pack(view_of(book, reading, sender="")))
            known = file_id, done.counts
    return _answer(*known)


def _batch(key: str) -> str:
    return f"1-{key}"[:32]


def _entered(session: Session, person: Actor, key: str) -> tuple[int, Mapping[str, int]] | None:
    """The file and the counts of what this person entered under a key before."""
    found = session.execute(
        sa.select(_FILE.c.id, _FILE.c.counts).where(
            _FILE.c.campaign_id == g.campaign.id,
            _FILE.c.batch == _batch(key),
            _FILE.c.sent_by == person.account_id,
            _FILE.c.state.in_(("done", "repeated")),
        )
    ).first()
    return (found.id, found.counts) if found else None


def _by_script() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _answer(file_id: int, counts: Mapping[str, int]) -> ResponseReturnValue:
    """Say what became of the wish."""
    if counts.get("duplicates"):
        state, said = (
            "duplicate",
            t(
                "这个孩子的这个心愿以前登记过，没有重复登记。",
                "This wish of this child was entered before; it was not taken twice.",
            ),
        )
    elif counts.get("wishes"):
        state, said = "entered", t("已登记，等协调员核实。", "Entered; a coordinator will verify it.")
    else:
        state, said = "handed", t("已交给协调员确认。", "Handed to a coordinator to decide.")
    if _by_script():
        return {"state": state, "said": said}
    flash(said, "warn" if state == "duplicate" else "good")
    return redirect(url_for("intake.new_wish") if "again" in request.form else url_for("intake.file", file_id=file_id))


def _refuse(values: dict[str, str], errors: list[tuple[str, str]], *, may_insist: bool = False) -> ResponseReturnValue:
    if _by_script():
        return {"errors": errors, "may_insist": may_insist}, 422
    return _form(values, errors, may_insist=may_insist), 422


def _missing(values: dict[str, str], person: Actor, community_id: int | None) -> list[tuple[str, str]]:
    errors = [
        (name, t("请填写：{what}", "Please fill in: {what}", what=t(label)))
        for name, label in _MUST.items()
        if not values[name]
    ]
    if community_id is None and not may(person, "campaign.coordinate", g.campaign.id):
        belongs = bool(person.ids(Role.SOCIAL_WORKER, g.campaign.id, "community_id"))
        errors.append(
            ("community", t("请选择是哪个社区的。", "Choose the community.") if belongs else t(WITHOUT_COMMUNITY))
        )
    if values["consent"] == "no":
        errors.append(
            (
                "consent",
                t("没有监护人同意不能登记。请先取得同意。", "Without the guardian's consent it cannot be taken."),
            )
        )
    return errors


def _told(values: dict[str, str], community_id: int | None) -> dict[str, str]:
    """The values as a careful sender would write them into the template; without a township, the community's own."""
    sex, consent = {"M": "男", "F": "女"}, {"yes": "有"}
    with database().reading() as session:
        places = place_names(session, g.campaign.id)
        own = session.execute(sa.select(_COMMUNITY.c.township_code).where(_COMMUNITY.c.id == community_id)).scalar()
    town = values["town"] or own or ""
    return {
        **values,
        "sex": sex.get(values["sex"], ""),
        "consent": consent.get(values["consent"], "无"),
        "county": places.get(town[:6], ""),
        "town": places.get(town, ""),
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
    coordinates = may(person, "campaign.coordinate", g.campaign.id)
    with database().reading() as session:
        mine = [] if coordinates else communities_for(session, g.campaign.id, person)
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
        "relations": [(each, t(RELATION[each])) for each in RELATIONS],
        "ceiling_fen": reader.rules.ceiling_fen,
        "communities": mine if len(mine) > 1 else [],
        "without_community": "" if coordinates or mine else t(WITHOUT_COMMUNITY),
        "key": secrets.token_hex(8),
        "account_id": person.account_id,
    }
    return render_template("intake/entry.html", **told)
