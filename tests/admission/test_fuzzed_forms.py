"""Forms and uploads made up of anything, sent to every address that takes some: never a crash, never long."""

from __future__ import annotations

import io
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.admission.world import Named, World, path_of
from tests.conftest import settings_for
from tests.factories import make_campaign
from tests.web.people import app_of, grants_of
from wishes.access import Grant, Role
from wishes.admission import ROUTES
from wishes.clock import utc_now
from wishes.people.actions import grant_role

WEB = Path(__file__).resolve().parents[2] / "wishes" / "web"
SLOWEST_S = 20
pytestmark = pytest.mark.timeout(600)

NAMES = sorted(
    {
        name
        for file in WEB.rglob("*.py")
        for name in re.findall(r'form(?:\.get|\.getlist)?[(\[]\s*"(\w+)"', file.read_text("utf-8"))
    }
)
WORDS = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1", "9" * 30, "1e400", "NaN", "2099-02-31", "2026-01-01", "\x00", "‮", "'; DROP TABLE wish; --", "=1+1", "<script>",
         "accept", "decline", "approve", "cancel", "yes", "../../etc/passwd", "{{7*7}}", "🎒", "null", "[]"]
    ),
    st.text(max_size=60),
    st.integers(-(10**20), 10**20).map(str),
)  # fmt: skip
FORMS = st.dictionaries(st.sampled_from(NAMES), WORDS, max_size=12)
FILES = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from(["a.xlsx", "a.csv", "", "a.exe", "…/..\\a.xlsx", "a" * 300 + ".csv"]),
        st.one_of(
            st.binary(max_size=300),
            st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail),
            st.just("姓名,心愿\n章一,书包\n".encode()),
        ),
    ),
)
LEFT_OUT = {"account.sign_out", "account.change_password", "account.close_browser", "matching.start"}
"""The first three sign the one who asks out; the last one starts the engine, which its own tests try."""


class Site:
    def __init__(self, folder: Path) -> None:
        settings = settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder)
        self.app: Flask = app_of(settings)
        with self.app.extensions["microwish.database"].transaction() as session:
            here, elsewhere = make_campaign(session), make_campaign(session)
        self.world = World(self.app, settings, here, elsewhere)
        self.person = self.world.person(Role.COORDINATOR)
        with self.world.database.transaction() as session:
            for grant in (*grants_of(here).values(), Grant(Role.SITE_ADMIN)):
                grant_role(
                    session, account_id=self.person.account_id, role=grant.role, now=utc_now(), campaign_id=grant.campaign_id,
                    community_id=grant.community_id, branch_id=grant.branch_id, volunteer_id=grant.volunteer_id,
                )  # fmt: skip


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("forms")
    shutil.copy(sqlite_template, folder / "microwish.sqlite3")
    made = Site(folder)
    yield made
    made.app.extensions["microwish.database"].dispose()


def test_there_are_many_entries_to_try() -> None:
    assert len(NAMES) > 40 and {"ids", "reason", "login", "action"} <= set(NAMES)


def test_no_form_and_no_upload_crashes_any_address(site: Site) -> None:
    wrong: list[str] = []
    for rule in list(site.app.url_map.iter_rules()):
        if "POST" not in (rule.methods or ()) or rule.rule.startswith("/api/") or rule.endpoint in LEFT_OUT:
            continue
        one = ROUTES[rule.endpoint]
        makes = hasattr(site.world, "_" + one.what.split(" ")[0]) or one.what.endswith("wish")
        named = site.world.named(one.what, "own", site.person) if one.what and makes else Named({}, {})
        values = {
            **dict.fromkeys(rule.arguments - {"slug"}, "1"),
            "name": "release",
            "verdict": "approve",
            **named.path,
        }
        path = path_of(site.app, rule, site.world.here.slug, Named(values, {}))

        fuzz(site, path, rule.endpoint, wrong)
    assert site.person.browser.get("/account").status_code == 200, "whoever asked was signed in to the end"
    assert not wrong, "\n".join({one.split(":")[0]: one[:400] for one in wrong}.values())


def fuzz(site: Site, path: str, endpoint: str, wrong: list[str]) -> None:
    """Send ten made-up forms to *path*; what crashes is added to *wrong*."""

    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(FORMS, FILES)
    def send(form: dict[str, str], file: tuple[str, bytes] | None) -> None:
        data: dict[str, Any] = {**form, "csrf_token": site.person.csrf()}
        if file is not None:
            data["files"] = (io.BytesIO(file[1]), file[0])
        began = time.monotonic()
        answer = site.person.browser.post(path, data=data, content_type="multipart/form-data")
        if answer.status_code >= 500:
            wrong.append(f"{endpoint}: {answer.status_code} for {form} {file}")
        assert time.monotonic() - began < SLOWEST_S, endpoint

    send()
