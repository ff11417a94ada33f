"""Every page for every role: who is admitted, who is not, and that nothing ever answers with a crash."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.factories import Place, code_of, make_campaign, make_wish
from tests.web.people import Person, grants_of
from wishes.access import Role
from wishes.db import Database
from wishes.lifecycle import Status
from wishes.web.paths import RowId

COORDINATING = {Role.COORDINATOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN}
HOMES = {
    Role.SOCIAL_WORKER: "/community", Role.VOLUNTEER: "/mine", Role.BRANCH_SECRETARY: "/branch", Role.COURIER: "/rounds",
    Role.INSPECTOR: "/rounds", Role.COORDINATOR: "/desk", Role.CAMPAIGN_ADMIN: "/desk", Role.SITE_ADMIN: "/desk", Role.AUDITOR: "/gaps",
}  # fmt: skip
ADMITTED = {
    "/mine": {Role.VOLUNTEER}, "/browse": {Role.VOLUNTEER, Role.BRANCH_SECRETARY}, "/branch": {Role.BRANCH_SECRETARY},
    "/community": {Role.SOCIAL_WORKER}, "/community/wishes": {Role.SOCIAL_WORKER}, "/desk": COORDINATING,
    "/wishes": COORDINATING | {Role.AUDITOR}, "/people": COORDINATING, "/deadlines": COORDINATING, "/notices": COORDINATING, "/lapses": COORDINATING, "/match": COORDINATING, "/gaps": COORDINATING | {Role.AUDITOR},
    "/import": COORDINATING | {Role.SOCIAL_WORKER}, "/rounds": COORDINATING | {Role.INSPECTOR, Role.COURIER}, "/inbox": set(Role),
    "/round/": COORDINATING | {Role.SOCIAL_WORKER, Role.VOLUNTEER, Role.BRANCH_SECRETARY, Role.COURIER},
    "/scan": COORDINATING | {Role.SOCIAL_WORKER, Role.VOLUNTEER, Role.BRANCH_SECRETARY, Role.COURIER},
}  # fmt: skip


@pytest.fixture
def place(app: Flask) -> Place:
    database: Database = app.extensions["microwish.database"]
    with database.transaction() as session:
        found = make_campaign(session)
        for status in Status:
            make_wish(session, found, status=status)
        return found


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_admitted_to_its_pages_and_to_no_others(app: Flask, place: Place, role: Role) -> None:
    person = Person(app, (grants_of(place)[role],))
    for path, admitted in ADMITTED.items():
        status = person.get(f"/c/{place.slug}{path}").status_code
        assert (status == 200) is (role in admitted), f"{role} at {path}: {status}"
        assert status in (200, 403, 404)


@pytest.mark.parametrize("role", list(Role))
def test_the_start_page_leads_each_role_to_its_work(app: Flask, place: Place, role: Role) -> None:
    answer = Person(app, (grants_of(place)[role],)).get("/")
    assert answer.status_code == 302 and answer.location.endswith(f"/c/{place.slug}{HOMES[role]}")


def test_nobody_sees_counts_and_the_sign_in_page_and_nothing_else(app: Flask, place: Place) -> None:
    nobody = Person(app)
    assert nobody.get("/").status_code == 200
    assert nobody.get(f"/c/{place.slug}").status_code == 200
    for path in ADMITTED:
        answer = nobody.get(f"/c/{place.slug}{path}")
        assert answer.status_code == 302 and "/sign-in" in answer.location, path


def test_people_of_another_campaign_do_not_even_learn_that_this_one_exists(app: Flask, place: Place) -> None:
    with app.extensions["microwish.database"].transaction() as session:
        elsewhere = make_campaign(session)
    stranger = Person(app, (grants_of(elsewhere)[Role.COORDINATOR],))
    for path in ADMITTED:
        assert stranger.get(f"/c/{place.slug}{path}").status_code == 404, path


def test_a_wish_of_another_community_or_branch_is_not_found(app: Flask, place: Place) -> None:
    database: Database = app.extensions["microwish.database"]
    with database.transaction() as session:
        foreign = code_of(session, make_wish(session, place, status=Status.SUBMITTED, elsewhere=True))
        held = code_of(
            session,
            make_wish(session, place, status=Status.CLAIMED, elsewhere=True, taker_branch_id=place.other_branch_id),
        )
    for role in (Role.SOCIAL_WORKER, Role.VOLUNTEER, Role.BRANCH_SECRETARY):
        person = Person(app, (grants_of(place)[role],))
        for code in (foreign, held):
            assert person.get(f"/c/{place.slug}/wishes/{code}").status_code == 404, (role, code)


def test_a_wish_is_shown_to_a_browser_without_anything_that_tells_who_the_child_is(app: Flask, place: Place) -> None:
    database: Database = app.extensions["microwish.database"]
    with database.transaction() as session:
        code = code_of(session, make_wish(session, place, status=Status.OPEN))
    page = Person(app, (grants_of(place)[Role.VOLUNTEER],)).get(f"/c/{place.slug}/wishes/{code}")
    assert page.status_code == 200 and "社区" not in page.text.split("<main", 1)[1].split("</main>")[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_speaks_the_language_that_was_asked_for(app: Flask, place: Place, language: str) -> None:
    person = Person(app, tuple(grants_of(place).values()))
    for path in ADMITTED:
        text = person.get(f"/c/{place.slug}{path}?lang={language}").text
        assert f'<html lang="{"zh-CN" if language == "zh" else "en"}"' in text


def _sample(rule: Rule, place: Place) -> str:
    """An address of this route with ids that lead nowhere."""
    path = rule.rule
    for argument, converter in rule._converters.items():
        marker = next(part for part in path.split("<")[1:] if part.split(">")[0].split(":")[-1] == argument).split(">")[
            0
        ]
        value = place.slug if argument == "slug" else "999999" if isinstance(converter, RowId) else "NOWHERE1"
        path = path.replace(f"<{marker}>", value)
    return path


def test_no_route_answers_a_stranger_or_nonsense_with_a_crash(app: Flask, place: Place) -> None:
    people = [Person(app), Person(app, tuple(grants_of(place).values()))]
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.rule.startswith("/api/"):
            continue
        for person in people:
            if "GET" in (rule.methods or ()):
                person.get(_sample(rule, place))
                person.get(
                    _sample(rule, place)
                    + "?after=x&before=%00&status=nothing&by=nothing&as_of=then&layout=nothing&q=%F0%9F%8E%92"
                )


def test_every_form_needs_its_token(app: Flask, place: Place) -> None:
    person = Person(app, tuple(grants_of(place).values()))
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.rule.startswith("/api/"):
            assert person.client.post(_sample(rule, place)).status_code == 400, rule.rule


def test_a_wrong_password_is_refused_and_guessing_is_slowed(app: Flask) -> None:
    nobody = Person(app)
    answers = [nobody.post("/sign-in", "/sign-in", login="nobody-here", password="wrong") for _ in range(10)]
    assert [a.status_code for a in answers[:8]] == [401] * 8
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) > 0


def test_sign_in_leads_nowhere_outside_this_site(app: Flask, place: Place) -> None:
    from wishes.clock import utc_now
    from wishes.people.actions import create_account

    with app.extensions["microwish.database"].transaction() as session:
        create_account(session, login="somebody", name="某人", password="seven quiet herons", now=utc_now())
    for target in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        answer = Person(app).post("/sign-in", "/sign-in", login="somebody", password="seven quiet herons", next=target)
        assert answer.status_code == 302 and answer.location == "/"


def test_every_answer_carries_the_headers_that_protect(app: Flask, place: Place) -> None:
    for path in ("/", "/sign-in", "/nowhere", f"/c/{place.slug}"):
        headers = Person(app).get(path).headers
        assert (
            "default-src 'none'" in headers["Content-Security-Policy"]
            and "unsafe-inline" not in headers["Content-Security-Policy"]
        )
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["X-Request-Id"]
