"""Every address × role × object, asked of the running application and compared with the table of who is admitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.admission.someone import Named, Someone, admitted, said
from tests.admission.world import World, path_of
from tests.factories import make_campaign
from tests.web.people import app_of
from wishes.access import Role
from wishes.admission import ROUTES, WITHOUT_ADDRESS, Admission, document, move_admission
from wishes.lifecycle import MOVES
from wishes.settings import OutsideApp, Settings

ROOT = Path(__file__).resolve().parents[2]
TELLS_BY_EFFECT = {
    "branch.answer",
    "desk.act",
    "board.act",
    "inspection.act",
    "account.close_browser",
    "api.read_notice",
    "inbox.follow",
    "identities.decide",
    "intake.forget_role",
    "intake.remove_word",
    "board.end_link",
}
"""Addresses that answer alike whether they did anything or not: what befell the object tells."""
ACTIONS = {
    "branch.answer": "accept",
    "desk.act": "verify",
    "board.act": "take_back",
    "inspection.act": "inspect",
    "matching.answer": "accept",
}
ADDRESS_IS_THE_KEY = {"board.shared", *(name for name in ROUTES if name.startswith(("guardian.", "joining.")))}


@pytest.fixture(scope="module")
def settings(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    import shutil

    from tests.conftest import settings_for

    folder = tmp_path_factory.mktemp("admission")
    shutil.copy(sqlite_template, folder / "microwish.sqlite3")
    return replace(
        settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder),
        base_url="http://localhost",  # where browsers have passkeys
        wechat_web=OutsideApp("wx-site", "secret", authorize_url="https://open.example/connect/qrconnect"),
    )


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    made = app_of(settings)
    yield made
    made.extensions["microwish.database"].dispose()


@pytest.fixture(scope="module")
def world(app: Flask, settings: Settings) -> World:
    with app.extensions["microwish.database"].transaction() as session:
        here, elsewhere = make_campaign(session), make_campaign(session)
    return World(app, settings, here, elsewhere)


def rules_of(app: Flask) -> dict[str, Rule]:
    return {rule.endpoint: rule for rule in app.url_map.iter_rules()}


def expected(one: Admission, role: Role | None, whose: str) -> bool:
    if one.anybody:
        return True
    if role is None:
        return False
    if one.what == "label in one's hands":
        return True
    if whose == "foreign":
        return role is Role.SITE_ADMIN and role in one.other
    return role in (one.own if whose == "own" else one.other)


def method_of(rule: Rule) -> str:
    return next(method for method in ("GET", "POST", "DELETE") if method in (rule.methods or ()))


UNTOLD = {("matching.advice", whose) for whose in ("own", "other")}
"""Not found, as long as the run kept nothing to solve again: only what is refused is asked."""
QUERY = {"api.compare_gaps": "?first=2021-03-01..2021-04-01&second=2021-04-02..2021-05-01"}


def needed(world: World, endpoint: str) -> dict[str, str]:
    """What the form has to say so that a refusal means the person and not the form."""
    return {
        "api.make_token": {"name": "x"},
        "api.pause_clock": {"reason": "等孩子回来"},
        "api.postpone_clock": {"reason": "缺货", "until": "2099-01-01"},
        "feedback.link": {"side": "guardian"},
        "feedback.send_wish": {"stars": "5"},
        "intake.revision": {"decision": "drop"},
        "warehouse.make_box": {"community": str(world.here.community_id)},
        "warehouse.scan": {"mode": "shelf", "target": "A-1"},
        "warehouse.undo_scan": {"mode": "shelf", "target": "A-1", "code": "none"},
        "invitations.make": {"branch": str(world.here.branch_id), "uses": "1", "days": "1"},
    }.get(endpoint, {})


def objects(one: Admission) -> tuple[str, ...]:
    return ("own", "other", "foreign") if one.what else ("own",)


def test_every_address_stands_in_the_table_and_nothing_else_does(app: Flask) -> None:
    served = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert not served - set(ROUTES), "say in wishes/admission.py whom these addresses admit"
    assert not set(ROUTES) - served, "these are not served any more"


@pytest.mark.parametrize("role", [None, *Role])
def test_every_address_admits_whom_the_table_says(app: Flask, world: World, role: Role | None) -> None:
    person, wrong = world.person(role), []
    moves = {f"api.{name}_wish" for name in MOVES}
    for endpoint, rule in rules_of(app).items():
        one = ROUTES[endpoint]
        if one.what == "sign-in half made":
            assert not admitted(person.ask(method_of(rule), rule.rule, {})), endpoint
            continue
        if endpoint == "wish.act" or endpoint in moves or endpoint in ADDRESS_IS_THE_KEY:
            continue
        for whose in objects(one):
            if (endpoint, whose) in UNTOLD or (endpoint == "matching.start" and role in one.own):
                continue  # who may start the engine does so in its own tests
            if endpoint == "matching.advice" and role is Role.SITE_ADMIN:
                continue  # admitted to every campaign, and in none is there a run to advise on
            named = world.named(one.what, whose, person) if one.what else Named({}, {})
            wrong += differs(world, person, rule, one, role, whose, named)
    assert not wrong, "\n".join(wrong)


def differs(
    world: World, person: Someone, rule: Rule, one: Admission, role: Role | None, whose: str, named: Named
) -> list[str]:
    slug = world.elsewhere.slug if whose == "foreign" and role is Role.SITE_ADMIN else world.here.slug
    form = (
        {**named.form, "action": ACTIONS.get(rule.endpoint, ""), "name": "x"}
        if not rule.rule.startswith("/api/")
        else {}
    )
    form |= needed(world, rule.endpoint)
    if rule.endpoint == "account.sign_out":
        return []  # admits anybody and ends what the other questions need
    answer = person.ask(method_of(rule), path_of(world.app, rule, slug, named) + QUERY.get(rule.endpoint, ""), form)
    assert answer.status_code < 500, (rule.endpoint, answer.status_code)
    if rule.endpoint in TELLS_BY_EFFECT and admitted(answer):
        assert named.touched is not None
        was = named.touched()
    else:
        was = answer.status_code not in (403, 404) if one.anybody else admitted(answer)
    return (
        []
        if was is expected(one, role, whose)
        else [f"{rule.endpoint} {whose}: {'admitted' if was else 'refused'} {said(answer)}"]
    )


@pytest.mark.parametrize("role", [None, *Role])
def test_every_move_is_made_by_whom_the_table_says(world: World, role: Role | None) -> None:
    person, wrong = world.person(role), []
    for name in MOVES:
        one = move_admission(name)
        for whose in ("own", "other", "foreign"):
            slug = world.elsewhere.slug if whose == "foreign" and role is Role.SITE_ADMIN else world.here.slug
            ways = [f"/c/{slug}/wishes/{{code}}/{name}"]
            if name not in WITHOUT_ADDRESS:
                ways.append(f"/api/v1/campaigns/{slug}/wishes/{{code}}/{name}")
            for way in ways:
                named = world.wish_for(name, whose, person)
                body = form_of(name, api=way.startswith("/api/"))
                answer = person.ask("POST", way.format(**named.path), body)
                assert named.touched is not None and answer.status_code < 500
                may = expected(one, role, whose) and name not in WITHOUT_ADDRESS
                if named.touched() is not may:
                    wrong.append(f"{way} {whose}: {'refused' if may else 'made'} {said(answer)} ")
                if not may and not admitted(answer) and role is None:
                    assert answer.status_code in (302, 401), (way, answer.status_code)
    assert not wrong, "\n".join(wrong)


def form_of(name: str, *, api: bool) -> dict[str, str]:
    if name == "schedule":
        return {"scheduled_on": "2099-01-01"}
    return {"reason": "试一试"} if MOVES[name].reason else {}


def test_the_page_of_who_is_admitted_is_current() -> None:
    assert (ROOT / "docs" / "access.md").read_text("utf-8") == document(), (
        "print it: python -m wishes.admission > docs/access.md"
    )
