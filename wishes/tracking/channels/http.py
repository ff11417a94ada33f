"""JSON to and from a service: the one HTTP call that the robot, the application and the gateway share.

What an installation's file names is reached by https at a public address only, unless the file says ``"inside": true`` of it: the name is
resolved once, every address it has is looked at, and the connection goes to the one that was looked at, under the name's certificate.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from wishes.tracking.channels.message import PermanentFailure, TransientFailure, UnclearOutcome

TIMEOUT_S = 10
LONGEST_ANSWER = 64 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the secret in the address elsewhere."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Resolve = Callable[..., list[Any]]


def public_address(host: str, port: int, resolve: Resolve = socket.getaddrinfo) -> str:
    """The address of *host* to connect to. Raises PermanentFailure when any of its addresses is not public, OSError when it has none."""
    found = [ipaddress.ip_address(entry[4][0]) for entry in resolve(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if not address.is_global or address.is_multicast or address.is_reserved or address in _NAT64:
            raise PermanentFailure("the address is inside the network")
    return str(found[0])


class _Pinned(http.client.HTTPSConnection):
    """Goes to the address that was looked at: a second look-up could answer otherwise."""

    def connect(self) -> None:
        plain = socket.create_connection((public_address(self.host, self.port), self.port), self.timeout)
        self.sock = _TLS.wrap_socket(plain, server_hostname=self.host)


class _PinnedHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Pinned, request)


_TLS = ssl.create_default_context()
_INSIDE = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))
_OUTSIDE = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}), _PinnedHandler)


def checked(url: str, *, inside: bool = True) -> str:
    """*url* itself. Raises ValueError unless it is https with a host, or http *inside* the own network."""
    parts = urlsplit(url)
    if parts.scheme not in (("http", "https") if inside else ("https",)) or not parts.hostname:
        raise ValueError("the address should begin with https://")
    return url


def post_json(
    url: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, inside: bool = True
) -> dict[str, Any]:
    """POST *body* and answer the JSON that comes back ({} for none). Not *inside*: to a public address by https only.

    Raises TransientFailure for 408, 429, 5xx and a network that fails, PermanentFailure for any other refusal, UnclearOutcome when
    no answer came to what was sent.
    """
    return _answered(
        urllib.request.Request(
            url,
            json.dumps(body, ensure_ascii=False).encode(),
            method="POST",
            headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        ),
        inside,
    )


def get_json(url: str, *, inside: bool = True) -> dict[str, Any]:
    """GET the JSON at *url*. Raises as :func:`post_json`; as nothing is changed by asking, an answer that never came is transient."""
    try:
        return _answered(urllib.request.Request(url, method="GET"), inside)
    except UnclearOutcome as error:
        raise TransientFailure(str(error)) from error


def _answered(request: urllib.request.Request, inside: bool) -> dict[str, Any]:
    try:
        checked(request.full_url, inside=inside)
        with (_INSIDE if inside else _OUTSIDE).open(request, timeout=TIMEOUT_S) as answer:
            text = answer.read(LONGEST_ANSWER)
    except urllib.error.HTTPError as error:
        with error:
            lasting = error.code not in (408, 429) and error.code < 500
            raise (PermanentFailure if lasting else TransientFailure)(f"HTTP {error.code}") from error
    except urllib.error.URLError as error:  # the request did not get through
        raise TransientFailure(type(error.reason).__name__) from error
    except (OSError, http.client.HTTPException) as error:
        raise UnclearOutcome(type(error).__name__) from error
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise UnclearOutcome("the answer is not JSON") from error
    return found if isinstance(found, dict) else {}
