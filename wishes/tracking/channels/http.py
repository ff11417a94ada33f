"""JSON to and from a service: the one HTTP call that the robot, the application and the gateway share."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from wishes.tracking.channels.message import PermanentFailure, TransientFailure, UnclearOutcome

TIMEOUT_S = 10
LONGEST_ANSWER = 64 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the secret in the address elsewhere."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


def checked(url: str) -> str:
    """*url* itself. Raises ValueError unless it is http or https with a host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address should begin with https://")
    return url


def post_json(url: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """POST *body* and answer the JSON that comes back ({} for none).

    Raises TransientFailure for 408, 429, 5xx and a network that fails, PermanentFailure for any other refusal, UnclearOutcome when
    no answer came to what was sent.
    """
    return _answered(
        urllib.request.Request(
            url,
            json.dumps(body, ensure_ascii=False).encode(),
            method="POST",
            headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        )
    )


def get_json(url: str) -> dict[str, Any]:
    """GET the JSON at *url*. Raises as :func:`post_json`; as nothing is changed by asking, an answer that never came is transient."""
    try:
        return _answered(urllib.request.Request(url, method="GET"))
    except UnclearOutcome as error:
        raise TransientFailure(str(error)) from error


def _answered(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
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
