"""WeChat and WeCom on loopback, speaking their own protocols: codes that are good once, tokens, errors in the body of a 200."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.tracking.servers import Answer, Call, json_server
from wishes.settings import OutsideApp, Settings

IN_WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50 Language/zh_CN"
IN_WECOM = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/122 Mobile Safari/537.36 wxwork/4.1.28 MicroMessenger/7.0.1"
AT_A_DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"
SECRETS = {"wx-account": "s-account", "wx-site": "s-site", "ww-corp": "s-corp"}


@dataclass
class Providers:
    """Who stands behind each code that was given out; what was asked; how long the service is broken."""

    port: int = 0
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Call] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    broken: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, settings: Settings) -> Settings:
        def app(app_id: str, way: str, agent_id: str = "") -> OutsideApp:
            return OutsideApp(app_id, SECRETS[app_id], agent_id, f"{self.url}/{way}", self.url, own=True)

        return replace(
            settings,
            base_url="http://localhost",
            wechat=app("wx-account", "connect/oauth2/authorize"),
            wechat_web=app("wx-site", "connect/qrconnect"),
            wecom=app("ww-corp", "connect/oauth2/authorize", "1000002"),
            wecom_web=app("ww-corp", "wwlogin/sso/login", "1000002"),
        )

    def answer(self, call: Call) -> Answer:
        self.asked.append(call)
        told = {name: values[0] for name, values in call.query.items()}
        if self.broken:
            return self.broken, {}, {}
        return 200, self._told(call.path, told), {}

    def _told(self, path: str, told: dict[str, str]) -> dict[str, Any]:
        if path == "/sns/oauth2/access_token":
            if told.get("grant_type") != "authorization_code" or SECRETS.get(told.get("appid", "")) != told.get(
                "secret"
            ):
                return {"errcode": 40125, "errmsg": "invalid appsecret"}
            person = self.codes.pop(told.get("code", ""), None)
            if person is None:
                return {"errcode": 40029, "errmsg": "invalid code"}
            names = {name: value for name, value in person.items() if name in ("unionid", "is_snapshotuser")}
            return {
                "access_token": "t",
                "expires_in": 7200,
                "refresh_token": "r",
                "openid": f"{told['appid']}-{person['who']}",
                "scope": "snsapi_base",
                **names,
            }
        if path == "/cgi-bin/gettoken":
            if SECRETS.get(told.get("corpid", "")) != told.get("corpsecret"):
                return {"errcode": 40001, "errmsg": "invalid credential"}
            self.tokens.add(f"token{len(self.tokens)}")
            return {"errcode": 0, "errmsg": "ok", "access_token": max(self.tokens), "expires_in": 7200}
        if path == "/cgi-bin/auth/getuserinfo":
            if told.get("access_token") not in self.tokens:
                return {"errcode": 42001, "errmsg": "access_token expired"}
            person = self.codes.pop(told.get("code", ""), None)
            if person is None:
                return {"errcode": 40029, "errmsg": "invalid code"}
            return {"errcode": 0, "errmsg": "ok", ("openid" if person.get("guest") else "userid"): person["who"]}
        return {"errcode": 40066, "errmsg": "invalid url"}


@contextmanager
def providers_on_loopback() -> Iterator[Providers]:
    providers = Providers()
    with json_server(providers.answer) as providers.port:
        yield providers


@dataclass(frozen=True)
class Sent:
    """Where the browser was sent."""

    path: str
    query: dict[str, str]
    fragment: str


def sent(location: str) -> Sent:
    parts = urlsplit(location)
    return Sent(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}, parts.fragment)
