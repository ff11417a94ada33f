"""Messages of a WeCom (企业微信) application to single members.

Source: developer.work.weixin.qq.com, 获取access_token, 手机号获取userid, 邮箱获取userid, 发送应用消息, 全局错误码. An access token is good for
two hours and is to be kept; the outcome stands in ``errcode``, whom a message did not reach in ``invaliduser``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlencode

from wishes.tracking.channels.http import checked, get_json, post_json
from wishes.tracking.channels.message import Message, PermanentFailure, TransientFailure, UnclearOutcome
from wishes.tracking.channels.wecom import LONGEST_BYTES, PASSING

SERVICE = "https://qyapi.weixin.qq.com"
MESSAGES_A_DAY = 5
MARGIN_S = 120
"""A token is fetched anew so long before it ends."""
TOKEN_OVER = frozenset({40014, 42001})
"""The token is not good any more: fetched anew at once."""
OURS = frozenset({40001, 40013, 40056, 48002, 60020, 301002})
"""Secret, corporation, application, rights or address are set wrongly: the installation's fault, not the person's."""
ASKED_AGAIN_S = 3600
MOST_KNOWN = 10_000
T = TypeVar("T")
_MOBILE = re.compile(r"1\d{10}")


class WeComApp:
    """Reaches members of the corporation who sign in here by the mobile number or e-mail address that WeCom knows them by.

    A repetition within half an hour is dropped by the service itself; later ones would be seen twice, so it is not repeatable.
    """

    name, repeatable, per_minute = "wecom_app", False, None

    def __init__(
        self,
        corpid: str,
        secret: str,
        agentid: int,
        *,
        url: str = SERVICE,
        a_day: int = MESSAGES_A_DAY,
        inside: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not corpid or not secret:
            raise ValueError("corpid and secret are needed")
        self._url, self._corpid, self._secret, self._agentid = (
            checked(url, inside=inside).rstrip("/"),
            corpid,
            secret,
            int(agentid),
        )
        self.a_day, self._clock = a_day, clock
        self._inside = inside
        self._token, self._good_until = "", 0.0
        self._members: dict[str, str] = {}
        self._strangers: dict[str, float] = {}  # until when nobody asks again whether they have become members
        self._lock = Lock()

    def address(self, login: str | None) -> str | None:
        return login if login is not None and ("@" in login or _MOBILE.fullmatch(login)) else None

    def send(self, message: Message) -> None:
        text = f"{message.title}\n{message.body}".encode()[:LONGEST_BYTES].decode(errors="ignore")
        answer = self._call(
            "message/send",
            {
                "touser": self._member(message.address),
                "msgtype": "text",
                "agentid": self._agentid,
                "text": {"content": text},
                "enable_duplicate_check": 1,
                "duplicate_check_interval": 1800,
            },
        )
        if answer.get("invaliduser") or answer.get("unlicenseduser"):
            raise PermanentFailure("WeCom: not a user of the application")

    def _member(self, login: str) -> str:
        """The userid behind a mobile number or e-mail address; asked for once."""
        known = self._members.get(login)
        if known is None and self._clock() < self._strangers.get(login, 0.0):
            raise PermanentFailure("WeCom: no such member")
        if known is None:
            path, told = ("user/get_userid_by_email", "email") if "@" in login else ("user/getuserid", "mobile")
            try:
                answer = self._call(path, {told: login})
            except UnclearOutcome as error:  # nothing was sent by asking
                raise TransientFailure(str(error)) from error
            except PermanentFailure:
                _kept(self._strangers)[login] = self._clock() + ASKED_AGAIN_S
                raise
            known = _kept(self._members)[login] = str(answer.get("userid") or "")
        return known

    def _call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST with the token, once more with a new one when it was not good. Raises by ``errcode``."""
        answer: dict[str, Any] = {}
        for fresh in (False, True):
            token = self._access_token(fresh=fresh)
            answer = post_json(
                f"{self._url}/cgi-bin/{path}?{urlencode({'access_token': token})}", body, inside=self._inside
            )
            if answer.get("errcode") not in TOKEN_OVER:
                break
        code = answer.get("errcode", -1)
        if code in PASSING or code in TOKEN_OVER or code in OURS:
            raise TransientFailure(f"WeCom {code}")
        if code != 0:
            raise PermanentFailure(f"WeCom {code}")
        return answer

    def _access_token(self, *, fresh: bool) -> str:
        with self._lock:
            if fresh or self._clock() >= self._good_until:
                query = urlencode({"corpid": self._corpid, "corpsecret": self._secret})
                answer = get_json(f"{self._url}/cgi-bin/gettoken?{query}", inside=self._inside)
                if answer.get("errcode", -1) != 0 or not answer.get("access_token"):
                    raise TransientFailure(f"WeCom token {answer.get('errcode', -1)}")
                self._token = str(answer["access_token"])
                self._good_until = self._clock() + max(float(answer.get("expires_in", 0)) - MARGIN_S, 0.0)
            return self._token


def _kept(known: dict[str, T]) -> dict[str, T]:
    """*known* itself, emptied when it has grown too large."""
    if len(known) >= MOST_KNOWN:
        known.clear()
    return known
