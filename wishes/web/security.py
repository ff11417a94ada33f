"""Headers on every answer. No inline script, no foreign source. Source: OWASP ASVS 5.0 chapter 3."""

from __future__ import annotations

from flask import Flask, Response, request

from wishes.settings import Settings
from wishes.web.problems import request_id

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


def install(app: Flask, settings: Settings) -> None:
    by_https = settings.base_url.startswith("https://")
    always = (*ALWAYS, ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")) if by_https else ALWAYS

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        headers.extend((*always, ("X-Request-Id", request_id())))
        if request.endpoint == "static":
            versioned = request.args.get("v")
            headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        else:
            headers.setdefault("Cache-Control", "no-store")
        return response
