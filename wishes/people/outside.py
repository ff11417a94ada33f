"""Who somebody is to WeChat (微信) or WeCom (企业微信): the two calls of each, spoken by Authlib through the house's own door.

Neither keeps to RFC 6749. WeChat wants ``appid`` and ``secret`` in the address of a GET and says errors in the body of a 200; WeCom has
one token for the whole application (``corpid``, ``corpsecret``) and tells who came with a code in a second call. Neither knows PKCE or
ID tokens: what binds an answer to the browser that asked is ``state``, good once. No token is kept of anybody, and no name is asked for.
Source: developers.weixin.qq.com (网页授权; 网站应用微信登录), developer.work.weixin.qq.com (获取access_token, 获取访问用户身份).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client

from wishes.errors import MicrowishError
from wishes.i18n import Text
from wishes.settings import OutsideApp, Settings
from wishes.tracking.channels.http import get_json
from wishes.tracking.channels.message import PermanentFailure, TransientFailure, UnclearOutcome

LABEL: dict[str, Text] = {"wechat": Text("微信", "WeChat"), "wecom": Text("企业微信", "WeCom")}
MARGIN_S = 120
"""A token of WeCom is fetched anew so long before it ends."""
TOKEN_OVER: Final = frozenset({40014, 42001})


class OutsideFailed(MicrowishError):
    status, code = 502, "outside_failed"
    title = Text("对方没有确认", "No confirmation came")
    sentence = Text(
        "{what}没有确认您的身份，请再试一次，或用别的方式登录。",
        "{what_en} did not confirm who you are. Try again, or sign in another way.",
    )

    def __init__(self, provider: str) -> None:
        super().__init__(what=LABEL[provider].zh, what_en=LABEL[provider].en)


class NotAMember(MicrowishError):
    status, code = 403, "not_a_member"
    title = Text("不是企业成员", "Not a member")
    sentence = Text(
        "您的企业微信不是本组织的成员，请用别的方式登录。",
        "Your WeCom is not a member of this organisation. Sign in another way.",
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What a provider calls somebody, the most lasting name first. Never stored as it stands."""

    provider: str
    subjects: tuple[str, ...]


def app_for(settings: Settings, provider: str, user_agent: str) -> OutsideApp | None:
    """The application by which this browser reaches *provider*: inside WeChat or WeCom silently, elsewhere by a code to scan. None: off.

    WeCom's browser names WeChat's, too; WeChat's opens no code to scan, nor does another browser open what is for WeChat's own.
    """
    in_wecom = "wxwork" in user_agent
    if provider == "wecom":
        return settings.wecom if in_wecom else settings.wecom_web
    if provider == "wechat":
        return settings.wechat if "MicroMessenger" in user_agent and not in_wecom else settings.wechat_web
    return None


def open_providers(settings: Settings, user_agent: str) -> list[str]:
    """The providers that a browser can be offered. In WeChat's own browser WeCom's code could not be scanned, nor the other way round."""
    in_wecom = "wxwork" in user_agent
    in_wechat = "MicroMessenger" in user_agent and not in_wecom
    hidden = {"wecom"} if in_wechat else {"wechat"} if in_wecom else set()
    return [name for name in LABEL if name not in hidden and app_for(settings, name, user_agent) is not None]


class _Answer:
    """What Authlib asks of an answer."""

    status_code = 200

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def json(self) -> dict[str, Any]:
        return self._told


class _Door:
    """What Authlib sends by: the house's one HTTP call, which goes to public addresses only, by https and without redirects."""

    def __init__(self, inside: bool) -> None:
        self._inside = inside

    def request(self, method: str, url: str, *, headers: Mapping[str, str], auth: Any, **_: Any) -> _Answer:
        address, _headers, _body = auth.prepare(method, url, dict(headers), "")
        return _Answer(get_json(address, inside=self._inside))


def _client(provider: str, app: OutsideApp, redirect_uri: str = "") -> OAuth2Client:
    """Authlib's client, taught what the two call things."""
    id_name, secret_name = ("corpid", "corpsecret") if provider == "wecom" else ("appid", "secret")

    def authenticated(
        client: Any, _method: str, uri: str, headers: dict[str, str], body: str
    ) -> tuple[str, dict[str, str], str]:
        parts = urlsplit(uri)
        told = [
            (id_name, client.client_id),
            (secret_name, client.client_secret),
            *((name, value) for name, value in parse_qsl(parts.query) if name in ("code", "grant_type")),
        ]
        if provider == "wecom":
            told = told[:2]
        return parts._replace(query=urlencode(told)).geturl(), headers, body

    def said_plainly(answer: _Answer) -> _Answer:
        told = answer.json()
        if told.get("errcode"):
            return _Answer({"error": str(told["errcode"]), "error_description": ""})
        return answer

    client = OAuth2Client(
        _Door(inside=app.own),
        client_id=app.app_id,
        client_secret=app.secret,
        token_endpoint_auth_method=provider,
        redirect_uri=redirect_uri,
    )
    client.register_client_auth_method((provider, authenticated))
    client.register_compliance_hook("access_token_response", said_plainly)
    return client


def way_out(provider: str, app: OutsideApp, *, redirect_uri: str, state: str) -> str:
    """Where the browser goes to be recognised; it comes back to *redirect_uri* with a code and *state*."""
    by_scan = "/qrconnect" in app.authorize_url
    url, _ = _client(provider, app, redirect_uri).create_authorization_url(
        app.authorize_url, state=state, scope="snsapi_login" if by_scan else "snsapi_base"
    )
    parts = urlsplit(url)
    told = dict(parse_qsl(parts.query))
    ordered = {"appid": told.pop("client_id"), "redirect_uri": told.pop("redirect_uri"), **told}
    if provider == "wecom":
        ordered |= {"agentid": app.agent_id, "login_type": "CorpApp"}
    return parts._replace(query=urlencode(ordered), fragment="wechat_redirect").geturl()


class Recogniser:
    """Asks a provider who came with a code. One for the process: WeCom's token is for the application and lasts two hours."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._tokens: dict[str, tuple[str, float]] = {}

    def recognise(self, provider: str, app: OutsideApp, code: str, *, redirect_uri: str) -> Known:
        """Raises :class:`OutsideFailed` when no answer or no good one comes, :class:`NotAMember` for a guest of a WeCom."""
        try:
            if provider == "wecom":
                return self._by_wecom(app, code)
            token = _client(provider, app, redirect_uri).fetch_token(
                f"{app.api_url}/sns/oauth2/access_token", method="GET", grant_type="authorization_code", code=code
            )
        except (AuthlibBaseError, TransientFailure, PermanentFailure, UnclearOutcome, KeyError, ValueError) as error:
            raise OutsideFailed(provider) from error
        openid, union = token.get("openid"), token.get("unionid")
        if (
            not isinstance(openid, str) or not openid or token.get("is_snapshotuser") == 1
        ):  # a made-up name in a preview
            raise OutsideFailed(provider)
        return Known(provider, (*([f"union:{union}"] if union else []), f"{app.app_id}:{openid}"))

    def _by_wecom(self, app: OutsideApp, code: str) -> Known:
        told: dict[str, Any] = {}
        for fresh in (False, True):
            query = urlencode({"access_token": self._token(app, fresh=fresh), "code": code})
            told = get_json(f"{app.api_url}/cgi-bin/auth/getuserinfo?{query}", inside=app.own)
            if told.get("errcode") not in TOKEN_OVER:
                break
        if told.get("errcode") != 0:
            raise OutsideFailed("wecom")
        userid = told.get("userid")
        if not isinstance(userid, str) or not userid:
            raise NotAMember()
        return Known("wecom", (f"{app.app_id}:{userid}",))

    def _token(self, app: OutsideApp, *, fresh: bool) -> str:
        with self._lock:
            token, until = self._tokens.get(app.app_id, ("", 0.0))
            if fresh or self._clock() >= until:
                made = _client("wecom", app).fetch_token(
                    f"{app.api_url}/cgi-bin/gettoken", method="GET", grant_type="client_credentials"
                )
                token = str(made["access_token"])
                self._tokens[app.app_id] = (
                    token,
                    self._clock() + max(float(made.get("expires_in", 0)) - MARGIN_S, 0.0),
                )
            return token
