"""The papers of one child, reached from its wish: consents, the guardian's link, erasing; and, on request, who the child is."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import Actor, may_see_identity, require
from wishes.campaigns.queries import place_names
from wishes.clock import local_day, utc_now
from wishes.errors import Forbidden, Invalid, MicrowishError, NotFound
from wishes.i18n import Text
from wishes.intake.wishes import WishRow, wish_by_code
from wishes.protection.approvals import live_access, see_identity
from wishes.protection.consents import GIVERS, HOW, SCOPES, child_kept, consents_of, give_consent, withdraw_consent
from wishes.protection.erasing import erase_child, held
from wishes.protection.guardians import correct_identity, make_link, phones_in
from wishes.protection.register import write_register
from wishes.protection.scans import LARGEST_BYTES, has_scan, keep_scan, see_scan
from wishes.web.campaign import campaign_blueprint
from wishes.web.context import day, language, t
from wishes.web.identity import database, keyring, settings, signed_in
from wishes.web.intake_pages import originals

pages = campaign_blueprint("papers", __name__)

FIELD: dict[str, Text] = {
    "name": Text("姓名", "Name"),
    "birth": Text("出生日期", "Born"),
    "age": Text("年龄", "Age"),
    "guardian": Text("监护人", "Guardian"),
    "relation": Text("与儿童关系", "Relation"),
    "phones": Text("电话", "Phones"),
    "village": Text("住址", "Address"),
    "school": Text("学校", "School"),
    "scan": Text("同意书照片", "Photograph of the consent"),
    "recno": Text("登记编号", "Record number"),
    "sheet": Text("整张表", "The sheet"),
    "words": Text("内容", "Words"),
    "contact": Text("联系方式", "Contact"),
    "county": Text("区县", "District"),
    "town": Text("乡镇街道", "Township"),
}
BASIS: dict[str, Text] = {
    "paper": Text("纸质签字", "Signed paper"),
    "visit": Text("上门当面", "At a visit"),
    "phone": Text("电话", "By phone"),
    "row": Text("随表格逐条", "In the workbook, by line"),
    "batch": Text("随表格整批", "In the workbook, by statement"),
}
GIVER: dict[str, Text] = {
    "father": Text("父亲", "Father"),
    "mother": Text("母亲", "Mother"),
    "grandparent": Text("祖父母/外祖父母", "Grandparent"),
    "relative": Text("其他亲属", "Another relative"),
    "institution": Text("福利机构", "Institution"),
}
SCOPE: dict[str, Text] = {
    "wish": Text("登记与匿名展示心愿、匹配、送达", "Keeping the wish, showing it without a name, delivering it"),
    "story": Text("发表感谢故事（不含姓名）", "Telling the story, without a name"),
    "photo": Text("使用不露脸的照片", "Using photographs without a face"),
}


@pages.get("/wishes/<code>/child")
def home(code: str) -> str:
    return _page(code)


def _page(
    code: str,
    *,
    identity: dict[str, Any] | None = None,
    link: str = "",
    errors: dict[str, str] | None = None,
    correcting: dict[str, str] | None = None,
) -> str:
    """*identity*: what was opened for this answer; *correcting*: a correction that was sent back, as it was typed."""
    person, now = signed_in(), utc_now()
    with database().reading() as session:
        row = _wish(session, code, person)
        child = child_kept(session, row.child_id, person)
        consents = consents_of(session, row.child_id)
        approval = live_access(session, account_id=person.account_id, child_id=child.id, now=now)
        under_hold = held(session, g.campaign.id, child.id)
        photograph = has_scan(session, child.id)
        places = place_names(session, g.campaign.id) if identity else {}
    return render_template(
        "protection/child.html",
        wish=row,
        child=child,
        consents=[
            {
                "basis": t(BASIS[each.basis]) if each.basis in BASIS else each.basis,
                "giver": t(GIVER[each.giver]) if each.giver in GIVER else "—",
                "scope": t("、", ", ").join(t(SCOPE[one]) for one in each.scope if one in SCOPE),
                "evidence": _evidence(each.evidence),
                "given": day(each.given_at),
                "withdrawn": day(each.withdrawn_at) if each.withdrawn_at else "",
            }
            for each in consents
        ],
        in_force=any(each.withdrawn_at is None for each in consents),
        may_look=may_see_identity(person, g.campaign.id, child.community_id, approved=approval is not None),
        identity=_facts(identity, places) if identity else [],
        correcting=correcting if correcting is not None else _editable(identity),
        correctable=[(name, t(FIELD[name])) for name in _CORRECTABLE],
        sent_back=correcting is not None,
        photograph=photograph,
        link=link,
        under_hold=under_hold,
        hows=[(how, t(BASIS[how])) for how in HOW[:3]],
        givers=[(giver, t(GIVER[giver])) for giver in GIVERS],
        scopes=[(scope, t(SCOPE[scope])) for scope in SCOPES],
        today=local_day(now).isoformat(),
        values=request.form if errors and correcting is None else {},
        errors=errors or {},
    )


def _wish(session: Any, code: str, person: Actor) -> WishRow:
    require(person, "children.keep", g.campaign.id)
    return wish_by_code(session, g.campaign.id, code)


def _facts(identity: dict[str, Any], places: dict[str, str]) -> list[tuple[str, str]]:
    """Label and value of what was opened; divisions by their names."""
    return [
        (t(label), t("、", ", ").join(map(str, value)) if isinstance(value, list) else places.get(value, str(value)))
        for name, label in FIELD.items()
        if (value := identity.get(name)) not in (None, "", [])
    ]


@pages.post("/wishes/<code>/child/identity")
def look(code: str) -> str | tuple[str, int]:
    """Who the child is, for who may know and says why; on record before it is shown."""
    person = signed_in()
    try:
        with database().transaction() as session:
            row = _wish(session, code, person)
            child_kept(session, row.child_id, person)
            identity = see_identity(
                session, child_id=row.child_id, wish_id=row.id, reason=request.form.get("reason", ""), keyring=keyring(),
                actor=person, now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _page(code, errors={error.field: error.say(language())}), 422
    return _page(code, identity=identity)


_CORRECTABLE = ("name", "birth", "guardian", "phones", "village", "school")


def _editable(identity: dict[str, Any] | None) -> dict[str, str]:
    return {
        name: "、".join(map(str, value)) if isinstance(value, list) else str(value)
        for name in _CORRECTABLE
        if identity and (value := identity.get(name)) is not None
    }


@pages.post("/wishes/<code>/child/correct")
def correct(code: str) -> Response | tuple[str, int]:
    """Put right who the child is, for who may see it and says why; on record."""
    person, form = signed_in(), request.form
    typed = {name: form[name] for name in _CORRECTABLE if name in form}
    try:
        with database().transaction() as session:
            row = _wish(session, code, person)
            done = correct_identity(
                session, child_id=row.child_id, keyring=keyring(), actor=person, now=utc_now(), reason=form.get("reason", ""),
                changes={name: phones_in(value) if name == "phones" else value for name, value in typed.items()},
            )  # fmt: skip
    except Invalid as error:
        return _page(code, errors={error.field: error.say(language())}, correcting=typed), 422
    flash(
        t("已更正并记录。", "Put right, and on record.") if done else t("没有改动。", "Nothing was changed."), "success"
    )
    return redirect(url_for("papers.home", code=code))


@pages.post("/wishes/<code>/child/consent")
def consent(code: str) -> Response | tuple[str, int]:
    person, form = signed_in(), request.form
    try:
        with database().transaction() as session:
            child_id = _wish(session, code, person).child_id
            consent_id = give_consent(
                session, child_id=child_id, how=form.get("how", ""), giver=form.get("giver", ""),
                scope=tuple(form.getlist("scope")), evidence=form.get("evidence", ""), given_on=_day(form.get("given_on", "")),
                actor=person, now=utc_now(),
            )  # fmt: skip
            if (photograph := request.files.get("scan")) and photograph.filename:
                keep_scan(
                    session, consent_id=consent_id, child_id=child_id, data=photograph.read(LARGEST_BYTES + 1),
                    folder=settings().uploads_dir, keyring=keyring(), actor=person, now=utc_now(),
                )  # fmt: skip
    except Invalid as error:
        return _page(code, errors={error.field: error.say(language())}), 422
    flash(t("同意已登记。", "The consent is recorded."), "success")
    return redirect(url_for("papers.home", code=code))


@pages.post("/wishes/<code>/child/scan")
def scan(code: str) -> Response | tuple[str, int]:
    """The photograph of the signed consent, for who may see who the child is and says why; on record before it is shown."""
    person = signed_in()
    try:
        with database().transaction() as session:
            picture = see_scan(
                session, child_id=_wish(session, code, person).child_id, reason=request.form.get("scan_reason", ""),
                folder=settings().uploads_dir, keyring=keyring(), actor=person, now=utc_now(),
            )  # fmt: skip
    except Invalid as error:
        return _page(code, errors={error.field: error.say(language())}), 422
    if picture is None:
        flash(t("没有存照片。", "No photograph is kept."), "warn")
        return redirect(url_for("papers.home", code=code))
    return Response(
        picture, content_type="image/jpeg", headers={"Content-Disposition": 'inline; filename="consent.jpg"'}
    )


@pages.post("/wishes/<code>/child/withdraw")
def withdraw(code: str) -> Response:
    person = signed_in()
    with database().transaction() as session:
        done = withdraw_consent(session, child_id=_wish(session, code, person).child_id, actor=person, now=utc_now())
    flash(
        t(
            "已撤回同意：撤下 {hidden} 个心愿，结束 {cancelled} 个认领或派单。",
            "Consent withdrawn: {hidden} wishes taken down, {cancelled} claims or proposals ended.",
            hidden=len(done.hidden),
            cancelled=len(done.cancelled),
        ),
        "success",
    )
    return redirect(url_for("papers.home", code=code))


@pages.post("/wishes/<code>/child/link")
def link(code: str) -> str | Response:
    """A link for the guardian, shown once."""
    person = signed_in()
    try:
        with database().transaction() as session:
            secret = make_link(
                session, child_id=_wish(session, code, person).child_id, keyring=keyring(), actor=person, now=utc_now()
            )
    except (Forbidden, NotFound):
        raise
    except MicrowishError as error:
        flash(error.say(language()), "warn")
        return redirect(url_for("papers.home", code=code))
    return _page(code, link=f"{settings().base_url}{url_for('guardian.home', secret=secret)}")


@pages.post("/wishes/<code>/child/erase")
def erase(code: str) -> Response:
    """Erase who the child is, as the guardian asked."""
    person = signed_in()
    try:
        with database().transaction() as session:
            row = _wish(session, code, person)
            child_kept(session, row.child_id, person)
            erase_child(
                session, child_id=row.child_id, cause="guardian", keyring=keyring(), originals=originals(), actor=person,
                now=utc_now(),
            )  # fmt: skip
    except (Forbidden, NotFound):
        raise
    except MicrowishError as error:
        flash(error.say(language()), "warn")
    else:
        write_register(database(), settings().var_dir)
        flash(t("身份信息已删除，只留统计。", "The identity is erased; figures stay."), "success")
    return redirect(url_for("papers.home", code=code))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("given_on", Text("请选择日期。", "Please choose a day.")) from None


_FROM_A_FILE = re.compile(r"import_file (\d+)(.*)", re.DOTALL)


def _evidence(kept: str) -> str:
    """Where the evidence is, in words: what came in a workbook is kept as its number, with the sender's own statement."""
    found = _FROM_A_FILE.fullmatch(kept)
    return t("第 {n} 份心愿表{said}", "workbook no. {n}{said}", n=found[1], said=found[2]) if found else kept
