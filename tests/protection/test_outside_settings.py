"""The settings of applications at WeChat and WeCom: whole or refused, secrets by file only."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from wishes.errors import Misconfigured
from wishes.settings import from_environment


@pytest.mark.parametrize(
    ("told", "setting"),
    [
        ({"MICROWISH_WECHAT_APP_ID": "wx1"}, "MICROWISH_WECHAT_APP_ID"),
        ({"MICROWISH_WECHAT_SECRET_FILE": "{secret}"}, "MICROWISH_WECHAT_APP_ID"),
        ({"MICROWISH_WECHAT_APP_ID": "wx1", "MICROWISH_WECHAT_SECRET_FILE": "{none}"}, "MICROWISH_WECHAT_SECRET_FILE"),
        ({"MICROWISH_WECHAT_APP_ID": "wx1", "MICROWISH_WECHAT_SECRET_FILE": "{empty}"}, "MICROWISH_WECHAT_SECRET_FILE"),
        ({"MICROWISH_WECOM_CORP_ID": "ww1", "MICROWISH_WECOM_SECRET_FILE": "{secret}"}, "MICROWISH_WECOM_AGENT_ID"),
        (
            {
                "MICROWISH_WECHAT_APP_ID": "wx1",
                "MICROWISH_WECHAT_SECRET_FILE": "{secret}",
                "MICROWISH_WECHAT_API_URL": "http://api.example.org",
            },
            "MICROWISH_WECHAT_API_URL",
        ),
        (
            {
                "MICROWISH_PRODUCTION": "1",
                "MICROWISH_BASE_URL": "https://wish.example.org",
                "MICROWISH_WECHAT_APP_ID": "wx1",
                "MICROWISH_WECHAT_SECRET_FILE": "{open}",
            },
            "MICROWISH_WECHAT_SECRET_FILE",
        ),
    ],
)
def test_an_application_that_is_half_set_up_or_open_to_others_is_refused(
    tmp_path: Path, told: dict[str, str], setting: str
) -> None:
    files = {name: tmp_path / name for name in ("secret", "empty", "open", "none")}
    for name, text, mode in (("secret", "s", 0o600), ("empty", " ", 0o600), ("open", "s", 0o644)):
        files[name].write_text(text)
        files[name].chmod(mode)
    with pytest.raises(Misconfigured) as refused:
        from_environment(
            {"MICROWISH_VAR_DIR": str(tmp_path), **{name: value.format(**files) for name, value in told.items()}}
        )
    assert refused.value.facts["setting"] == setting


def test_secrets_come_by_file_are_never_printed_and_the_services_are_those_of_tencent(tmp_path: Path) -> None:
    secret = tmp_path / "wechat.secret"
    secret.write_text("hunter2\n")
    settings = from_environment(
        {
            "MICROWISH_VAR_DIR": str(tmp_path),
            "MICROWISH_WECHAT_WEB_APP_ID": "wx2",
            "MICROWISH_WECHAT_WEB_SECRET_FILE": str(secret),
            "MICROWISH_WECOM_CORP_ID": "ww1",
            "MICROWISH_WECOM_AGENT_ID": "1000002",
            "MICROWISH_WECOM_SECRET_FILE": str(secret),
        }
    )
    assert settings.wechat is None and settings.wechat_web is not None and settings.wecom_web is not None
    assert settings.wechat_web.secret == "hunter2" and "hunter2" not in repr(settings)
    for app in (settings.wechat_web, settings.wecom, settings.wecom_web):
        assert app is not None and not app.own
        for url in (app.authorize_url, app.api_url):
            assert url.startswith("https://") and urlsplit(url).netloc.endswith(".weixin.qq.com")
