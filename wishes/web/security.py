"""Headers on every answer. No inline script, no foreign source. Source: OWASP ASVS 5.0 chapter 3."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from wishes.events.asked import request_in_hand
from wishes.settings import Settings

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"
)

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(self), geolocation=(), microphone=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Headed:
    """*app* with an id for every request, and the headers on every answer that does not say otherwise.

    Outside Flask, where it costs a claim less than inside.
    """

    def __init__(self, app: Wsgi, static: str, always: tuple[tuple[str, str], ...]) -> None:
        self._app, self._static, self._always = app, static, always

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        mark = secrets.token_hex(8)
        before = request_in_hand.set(mark)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            said = {name for name, _ in headers}
            if environ["PATH_INFO"].startswith(self._static):
                versioned = environ["QUERY_STRING"].startswith("v=") and status.startswith(("200", "304"))
                cached = "public, max-age=31536000, immutable" if versioned else "no-cache"
                headers = [header for header in headers if header[0] != "Cache-Control"]
                headers.append(("Cache-Control", cached))
            elif "Cache-Control" not in said:
                headers.append(("Cache-Control", "no-store"))
            if "Content-Security-Policy" not in said:
                headers.append(("Content-Security-Policy", CONTENT_POLICY))
            headers += [header for header in self._always if header[0] not in said]
            headers.append(("X-Request-Id", mark))
            return start_response(status, headers, *rest)

        try:
            return self._app(environ, start)
        finally:
            request_in_hand.reset(before)


def install(app: Flask, settings: Settings) -> None:
    by_https = settings.base_url.startswith("https://")
    always = (*ALWAYS, ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")) if by_https else ALWAYS
    app.wsgi_app = Headed(app.wsgi_app, f"{app.static_url_path}/", always)  # type: ignore[method-assign]
