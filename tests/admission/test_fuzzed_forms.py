"""Forms and uploads made up of anything, sent to every address that takes some: never a crash, never long."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.admission.site import Site, names_read

SLOWEST_S = 20
pytestmark = pytest.mark.timeout(600)

NAMES = names_read("form")
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


def test_there_are_many_entries_to_try() -> None:
    assert len(NAMES) > 40 and {"ids", "reason", "login", "action"} <= set(NAMES)


def test_no_form_and_no_upload_crashes_any_address(site: Site) -> None:
    wrong: list[str] = []
    for rule in list(site.app.url_map.iter_rules()):
        if "POST" not in (rule.methods or ()) or rule.rule.startswith("/api/") or rule.endpoint in LEFT_OUT:
            continue
        fuzz(site, site.address(rule), rule.endpoint, wrong)
    assert site.person.browser.get("/account").status_code == 200, "whoever asked was signed in to the end"
    assert not wrong, "\n".join({one.split(":")[0]: one[:400] for one in wrong}.values())


def fuzz(site: Site, path: str, endpoint: str, wrong: list[str]) -> None:
    """Send ten made-up forms to *path*; what crashes is added to *wrong*."""

    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @example(dict.fromkeys(NAMES, "9" * 20), None)
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
