"""The web's composition root: ``create_app()`` puts settings, database, pages and API together."""

from __future__ import annotations

import gc
import importlib
from functools import cache

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from wishes.db import Database
from wishes.settings import Settings, from_environment
from wishes.web import context, limits, looks, problems, security
from wishes.web.navigation import navigation
from wishes.web.paths import CONVERTERS

PAGES = (
    "public",
    "account",
    "signing",
    "passkeys",
    "outside",
    "invitations",
    "inbox",
    "wish",
    "volunteer",
    "branch",
    "community",
    "intake",
    "desk",
    "matching",
    "gaps",
    "board",
    "policies",
    "outbox",
    "lapses",
    "inspection",
    "custody",
    "readdressing",
    "warehouse",
    "appointments",
    "handover",
    "scans",
    "rounds",
    "label_pages",
    "feedback",
    "papers",
    "receivers",
    "identities",
    "concerns",
    "auditing",
    "guardian",
)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application. Reads the environment when no *settings* are given; opens no connection yet."""
    settings = settings or from_environment()
    app = Flask(
        "wishes",
        root_path=str(settings.static_dir.parent),
        template_folder=str(settings.templates_dir),
        static_folder=str(settings.static_dir),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=settings.session_hours * 3600,
        JSON_SORT_KEYS=False,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]
    app.extensions["microwish.settings"] = settings
    app.extensions["microwish.database"] = Database(settings)
    csrf = CSRFProtect(app)
    context.install(app, navigation)
    problems.install(app)
    looks.install(app)
    limits.install(app, settings)
    security.install(app, settings)
    app.url_map.converters.update(CONVERTERS)
    for name in PAGES:
        module = importlib.import_module(f"wishes.web.{name}")
        app.register_blueprint(module.pages)
    app.register_blueprint(importlib.import_module("wishes.web.handover").landing)
    app.register_blueprint(importlib.import_module("wishes.web.concerns").anybody)
    app.register_blueprint(importlib.import_module("wishes.web.invitations").anybody)
    app.register_blueprint(importlib.import_module("wishes.web.feedback").anybody)
    from wishes.web.api import install as install_api

    install_api(app, csrf)
    _settle()
    return app


@cache
def _settle() -> None:
    """Once per process: what is loaded by now stays, so the collector need not walk it, nor copy its pages after a fork."""
    gc.collect()
    gc.freeze()
