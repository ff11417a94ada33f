"""An installation refuses to start in production with what is only good for a trial; secrets come by file and are never printed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wishes.app import create_app
from wishes.errors import Misconfigured
from wishes.processes import children
from wishes.settings import from_environment

GOOD = {"MICROWISH_PRODUCTION": "1", "MICROWISH_BASE_URL": "https://wish.example.org"}


def read(tmp_path: Path, **more: str) -> None:
    from_environment({"MICROWISH_VAR_DIR": str(tmp_path), **GOOD, **more})


def test_production_starts_with_https_and_a_secret_of_its_own(tmp_path: Path) -> None:
    settings = from_environment({"MICROWISH_VAR_DIR": str(tmp_path), **GOOD})
    assert settings.production and settings.second_step_required and settings.requests_per_minute > 0
    assert len(settings.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "wrong",
    [
        {"MICROWISH_BASE_URL": "http://wish.example.org"},
        {"MICROWISH_BASE_URL": ""},
        {"MICROWISH_SECRET_KEY": "short"},
        {"MICROWISH_SECRET_KEY": "x" * 64},
        {"MICROWISH_SECRET_KEY": "change-me-change-me-change-me-change-me"},
        {"FLASK_DEBUG": "1"},
        {"MICROWISH_SECOND_STEP": "perhaps"},
        {"MICROWISH_REQUESTS_PER_MINUTE": "many"},
    ],
)
def test_production_refuses_what_is_only_good_for_a_trial(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        read(tmp_path, **wrong)


def test_a_secret_file_that_others_may_read_is_refused_in_production(tmp_path: Path) -> None:
    file = tmp_path / "given.key"
    file.write_text("q7" + "abcdefghijklmnopqrstuvwxyz0123456789")
    file.chmod(0o644)
    with pytest.raises(Misconfigured):
        read(tmp_path, MICROWISH_SECRET_KEY_FILE=str(file))
    file.chmod(0o600)
    read(tmp_path, MICROWISH_SECRET_KEY_FILE=str(file))


def test_settings_never_print_their_secret(tmp_path: Path) -> None:
    url = f"postgresql://wish:hunter2@localhost/{tmp_path.name}"
    settings = from_environment(
        {
            "MICROWISH_VAR_DIR": str(tmp_path),
            "MICROWISH_DATABASE_URL": url,
            "MICROWISH_REDIS_URL": "redis://:hunter3@localhost/0",
        }
    )
    assert settings.secret_key not in repr(settings)
    assert "hunter" not in repr(settings)


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    settings = from_environment({"MICROWISH_VAR_DIR": str(tmp_path), "MICROWISH_MAX_UPLOAD_MB": "1"})
    app = create_app(settings)
    answer = app.test_client().post("/sign-in", data={"login": "x" * 2_000_000})
    assert answer.status_code == 413
    assert not app.debug and app.testing is False


def test_links_lead_to_the_port_that_is_served_unless_an_address_is_set(tmp_path: Path) -> None:
    for more, wanted in (({}, "http://127.0.0.1:9123"), (GOOD, GOOD["MICROWISH_BASE_URL"])):
        settings = from_environment({"MICROWISH_VAR_DIR": str(tmp_path), **more})
        served = children(settings, host="127.0.0.1", port=9123)
        assert {child.env["MICROWISH_BASE_URL"] for child in served if child.env} == {wanted}
