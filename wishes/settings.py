"""The only reader of the environment.

Every setting has a safe default, so that a fresh checkout runs on SQLite with an embedded broker. ``MICROWISH_DATABASE_URL``
and ``MICROWISH_REDIS_URL`` move it onto PostgreSQL and Redis; ``MICROWISH_VAR_DIR`` moves everything it writes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wishes.errors import Misconfigured

PACKAGE_DIR = Path(__file__).resolve().parent
NO_ADDRESS = "http://127.0.0.1:8000"
"""Where links and codes lead when nobody said where the site is."""


@dataclass(frozen=True)
class OutsideApp:
    """An application registered with WeChat or WeCom, by which people sign in. ``own`` says that its addresses were given by setting:
    they are then reached wherever they are."""

    app_id: str
    secret: str = field(repr=False)
    agent_id: str = ""
    authorize_url: str = ""
    api_url: str = ""
    own: bool = False


@dataclass(frozen=True)
class Settings:
    """What the process was told. Build with :func:`from_environment`; pass it on, never look it up again."""

    var_dir: Path
    database_url: str = field(repr=False)  # it may hold a password
    redis_url: str | None = field(repr=False)  # None: the embedded broker in var_dir
    secret_key: str = field(repr=False)
    base_url: str = NO_ADDRESS
    production: bool = False
    max_upload_bytes: int = 64 * 1024 * 1024
    database_pool: int = 5
    session_hours: int = 12
    trusted_proxies: int = 0
    second_step_required: bool = False  # for roles that see identities; otherwise it is offered
    requests_per_minute: int = 0  # of one account, or of one address that is not signed in; 0: no limit
    wechat: OutsideApp | None = None  # 公众号: inside WeChat's own browser
    wechat_web: OutsideApp | None = None  # 开放平台网站应用: a code to scan, in any other browser
    wecom: OutsideApp | None = None  # 企业微信, inside its own browser
    wecom_web: OutsideApp | None = None  # the same application, by a code to scan

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def keys_dir(self) -> Path:
        return self.var_dir / "keys"

    @property
    def uploads_dir(self) -> Path:
        return self.var_dir / "uploads"

    @property
    def static_dir(self) -> Path:
        return PACKAGE_DIR / "static"

    @property
    def templates_dir(self) -> Path:
        """``templates/`` beside the package in a checkout, inside it in an installed wheel."""
        inside = PACKAGE_DIR / "templates"
        return inside if inside.is_dir() else PACKAGE_DIR.parent / "templates"

    @property
    def demo_dir(self) -> Path:
        return PACKAGE_DIR / "demo" / "hangzhou-2021"


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read ``MICROWISH_*``.

    Effects: makes the var directory, and in it a random secret key on first use (mode 0600). Raises
    :class:`~wishes.errors.Misconfigured` for a setting that cannot be used, and in production
    (``MICROWISH_PRODUCTION=1``) when the address is not https, the secret too short or open to others, or the debugger on.
    """
    env = os.environ if environ is None else environ
    var_dir = Path(env.get("MICROWISH_VAR_DIR") or "var").resolve()
    var_dir.mkdir(parents=True, exist_ok=True)
    database_url = _driver(env.get("MICROWISH_DATABASE_URL") or f"sqlite:///{var_dir / 'microwish.sqlite3'}")
    production = env.get("MICROWISH_PRODUCTION", "") in ("1", "true", "yes")
    base_url = (env.get("MICROWISH_BASE_URL") or NO_ADDRESS).rstrip("/")
    secret = _secret(env, var_dir)
    if production and not base_url.startswith("https://"):
        raise Misconfigured(setting="MICROWISH_BASE_URL", why="production needs an https:// address")
    if production and (len(secret) < 32 or len(set(secret)) < 12):
        raise Misconfigured(setting="MICROWISH_SECRET_KEY", why="production needs at least 32 random characters")
    if production and env.get("FLASK_DEBUG", "") not in ("", "0", "false", "no"):
        raise Misconfigured(setting="FLASK_DEBUG", why="a debugger runs whatever it is sent: never in production")
    if production and not env.get("MICROWISH_SECRET_KEY") and _secret_path(env, var_dir).stat().st_mode & 0o077:
        raise Misconfigured(setting="MICROWISH_SECRET_KEY_FILE", why="others may read it: chmod 600")
    wecom = _outside_app(env, "WECOM", production)
    return Settings(
        var_dir=var_dir,
        database_url=database_url,
        redis_url=env.get("MICROWISH_REDIS_URL") or None,
        secret_key=secret,
        base_url=base_url,
        production=production,
        max_upload_bytes=_number(env, "MICROWISH_MAX_UPLOAD_MB", 64) * 1024 * 1024,
        database_pool=_number(env, "MICROWISH_DATABASE_POOL", 5),
        session_hours=_number(env, "MICROWISH_SESSION_HOURS", 12),
        trusted_proxies=_number(env, "MICROWISH_TRUSTED_PROXIES", 0),
        second_step_required=_switch(env, "MICROWISH_SECOND_STEP", production, yes="required", no="offered"),
        requests_per_minute=_number(env, "MICROWISH_REQUESTS_PER_MINUTE", 1200),
        wechat=_outside_app(env, "WECHAT", production),
        wechat_web=_outside_app(env, "WECHAT_WEB", production),
        wecom=wecom,
        wecom_web=wecom and _by_code_to_scan(env, wecom, production),
    )


_OUTSIDE: dict[str, tuple[str, str]] = {
    "WECHAT": ("https://open.weixin.qq.com/connect/oauth2/authorize", "https://api.weixin.qq.com"),
    "WECHAT_WEB": ("https://open.weixin.qq.com/connect/qrconnect", "https://api.weixin.qq.com"),
    "WECOM": ("https://open.weixin.qq.com/connect/oauth2/authorize", "https://qyapi.weixin.qq.com"),
}
_WECOM_CODE = "https://login.work.weixin.qq.com/wwlogin/sso/login"


def _outside_app(env: Mapping[str, str], name: str, production: bool) -> OutsideApp | None:
    """The application of ``MICROWISH_<name>_APP_ID`` and ``MICROWISH_<name>_SECRET_FILE`` (WeCom: ``_CORP_ID`` and ``_AGENT_ID``); None
    when neither is given."""
    id_setting = f"MICROWISH_{name}_{'CORP_ID' if name == 'WECOM' else 'APP_ID'}"
    app_id, file = env.get(id_setting, "").strip(), env.get(f"MICROWISH_{name}_SECRET_FILE", "").strip()
    if not app_id and not file:
        return None
    if not app_id or not file:
        raise Misconfigured(setting=id_setting, why=f"give it together with MICROWISH_{name}_SECRET_FILE")
    agent_id = env.get(f"MICROWISH_{name}_AGENT_ID", "").strip()
    if name == "WECOM" and not agent_id.isdecimal():
        raise Misconfigured(setting="MICROWISH_WECOM_AGENT_ID", why="the number of the application is needed, too")
    authorize, api = (env.get(f"MICROWISH_{name}_{kind}_URL", "").rstrip("/") for kind in ("AUTHORIZE", "API"))
    for setting, url in ((f"MICROWISH_{name}_AUTHORIZE_URL", authorize), (f"MICROWISH_{name}_API_URL", api)):
        _refuse_open_address(setting, url, production)
    usual_authorize, usual_api = _OUTSIDE[name]
    secret = _secret_in(Path(file), f"MICROWISH_{name}_SECRET_FILE", production)
    return OutsideApp(app_id, secret, agent_id, authorize or usual_authorize, api or usual_api, own=bool(api))


def _by_code_to_scan(env: Mapping[str, str], wecom: OutsideApp, production: bool) -> OutsideApp:
    given = env.get("MICROWISH_WECOM_WEB_AUTHORIZE_URL", "").rstrip("/")
    _refuse_open_address("MICROWISH_WECOM_WEB_AUTHORIZE_URL", given, production)
    return replace(wecom, authorize_url=given or _WECOM_CODE)


def _refuse_open_address(setting: str, url: str, production: bool) -> None:
    if url and not url.startswith("https://") and (production or not url.startswith("http://127.0.0.1:")):
        raise Misconfigured(setting=setting, why="an https:// address is needed")


def _secret_in(file: Path, setting: str, production: bool) -> str:
    try:
        secret = file.read_text("utf-8").strip()
        open_to_others = file.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(setting=setting, why=f"{file} cannot be read: {type(error).__name__}") from error
    if not secret:
        raise Misconfigured(setting=setting, why="the file is empty")
    if production and open_to_others:
        raise Misconfigured(setting=setting, why="others may read it: chmod 600")
    return secret


def _driver(url: str) -> str:
    """The URL with the driver we ship: psycopg for PostgreSQL."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise Misconfigured(setting="MICROWISH_DATABASE_URL", why="use sqlite:///FILE or postgresql://USER@HOST/NAME")
    return url


def _secret(env: Mapping[str, str], var_dir: Path) -> str:
    if given := env.get("MICROWISH_SECRET_KEY"):
        return given
    path = _secret_path(env, var_dir)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


def _secret_path(env: Mapping[str, str], var_dir: Path) -> Path:
    return Path(env.get("MICROWISH_SECRET_KEY_FILE") or var_dir / "secret.key")


def _switch(env: Mapping[str, str], name: str, default: bool, *, yes: str, no: str) -> bool:
    text = env.get(name) or (yes if default else no)
    if text not in (yes, no):
        raise Misconfigured(setting=name, why=f"“{text}” is neither {yes} nor {no}")
    return text == yes


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal():
        raise Misconfigured(setting=name, why=f"“{text}” is not a whole number")
    return int(text)
