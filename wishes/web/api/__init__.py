"""The JSON API, version 1: what programs may ask and do. Bearer tokens only; described by ``/api/v1/openapi.json``."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from wishes.handover.reports import MOST_BYTES
from wishes.web import problems
from wishes.web.api import campaigns, clocks, forecast, gaps, handovers, mine, moves, scans, tokens, wishes
from wishes.web.api.contract import Api, BadInput
from wishes.web.api.document import describe
from wishes.web.context import language

PREFIX = "/api/v1"
BODY_LIMIT = 64 * 1024
_LARGER = {"api.report_scans": MOST_BYTES}
ROOMS = (campaigns, wishes, moves, clocks, mine, gaps, forecast, handovers, scans, tokens)


class OnlyForPages(SecureCookieSessionInterface):
    """The API has no browser sessions: their cookie is neither read nor written there."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(PREFIX):
            return self.make_null_session(app)
        return super().open_session(app, request)


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Register the API. It is exempt from CSRF protection because no browser sends a bearer token by itself."""
    api = Api("api", __name__, url_prefix=PREFIX)
    for room in ROOMS:
        for operation in room.OPERATIONS:
            api.add(operation)
    document = describe(api.operations, PREFIX)

    @api.get("/openapi.json")
    def openapi() -> Response:
        response = Response(document, content_type="application/json")
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    @api.before_request
    def _small_bodies() -> None:
        request.max_content_length = _LARGER.get(request.endpoint or "", BODY_LIMIT)

    @api.errorhandler(BadInput)
    def _bad_input(error: BadInput) -> Response:
        tongue = language()
        return problems.problem(
            error.status,
            error.code,
            error.title.say(tongue),
            error.say(tongue),
            field=error.field,
            errors=[{"field": field, "detail": text.say(tongue)} for field, text in error.errors],
        )

    app.session_interface = OnlyForPages()
    csrf.exempt(api)
    app.register_blueprint(api)
