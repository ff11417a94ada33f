"""What every template may use: ``t``, ``lang``, ``me``, ``nav``, ``campaign``, ``asset``, ``day``, ``moment``, ``yuan`` …"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, url_for

from wishes.access import ROLE_LABEL, Actor, Role
from wishes.clock import local
from wishes.i18n import LANGUAGES, Language, Text, pick_language
from wishes.lifecycle import STATUS_LABEL, Status
from wishes.web.identity import actor, settings

LANGUAGE_COOKIE = "lang"


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in person as the page's frame shows them."""

    name: str
    roles: list[tuple[Role, str]]


def language() -> Language:
    """From ``?lang=``, else the cookie, else the browser's wish; Chinese when none says otherwise."""
    if "language" not in g:
        g.language = pick_language(
            request.args.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            *[tag for tag, _ in request.accept_languages],
        )
    return cast(Language, g.language)


def t(zh: str | Text, en: str = "", **facts: Any) -> str:
    """The wording of the reader's language."""
    text = zh if isinstance(zh, Text) else Text(zh, en)
    return text.say(language(), **facts)


def yuan(fen: int | None) -> str:
    """12345 → ``¥123.45``; whole yuan without decimals; None → a dash."""
    if fen is None:
        return "—"
    return f"¥{fen // 100:,}" if fen % 100 == 0 else f"¥{fen / 100:,.2f}"


def day(value: date | datetime | None) -> str:
    """A date in Asia/Shanghai: ``2021-06-01``."""
    if value is None:
        return "—"
    return (local(value) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


def moment(value: datetime | None) -> str:
    """An instant to the minute in Asia/Shanghai."""
    return "—" if value is None else local(value).strftime("%Y-%m-%d %H:%M")


@lru_cache(maxsize=256)
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "0"


def asset(path: str) -> str:
    """The URL of a static file, with a mark of its content so that it can be cached for ever."""
    return url_for("static", filename=path, v=_version(settings().static_dir / path))


def me(person: Actor) -> Person | None:
    if person.account_id is None:
        return None
    roles = sorted({grant.role for grant in person.grants}, key=list(Role).index)
    return Person(person.name, [(role, ROLE_LABEL[role].say(language())) for role in roles])


def _language_path() -> str:
    """Where the page is read in the other language: here, or where its form stood when this address only takes forms."""
    if request.method == "GET" or (urls := current_app.create_url_adapter(request)) is None or urls.test(method="GET"):
        return ""
    if request.referrer and request.referrer.startswith(request.host_url):
        return urlsplit(request.referrer).path
    return url_for("public.home")


def install(app: Flask, navigation: Callable[[Actor], list[Any]]) -> None:
    """Give every template these words; *navigation* makes the menu of the person at hand."""

    @app.url_defaults
    def _same_campaign(endpoint: str, values: dict[str, Any]) -> None:
        here = g.get("campaign")
        if here is not None and "slug" not in values and app.url_map.is_endpoint_expecting(endpoint, "slug"):
            values["slug"] = here.slug

    @app.after_request
    def _remember_language(response: Response) -> Response:
        if not request.query_string:
            return response
        wanted = request.args.get("lang")
        if wanted in LANGUAGES and request.cookies.get(LANGUAGE_COOKIE) != wanted:
            response.set_cookie(LANGUAGE_COOKIE, wanted, max_age=365 * 86400, samesite="Lax", httponly=True)
        return response

    @app.context_processor
    def _context() -> dict[str, Any]:
        person = actor()
        return {
            "t": t,
            "lang": language(),
            "me": me(person),
            "nav": navigation(person),
            "campaign": g.get("campaign"),
            "asset": asset,
            "home_url": url_for("public.home"),
            "footer_links": [
                {
                    "url": url_for("concern.report", **({"campaign": g.campaign.slug} if g.get("campaign") else {})),
                    "label": t("我担心一个孩子", "I am worried about a child"),
                }
            ],
            "sign_in_url": url_for("account.sign_in"),
            "account_url": url_for("account.home"),
            "language_path": _language_path(),
            "sign_out_url": url_for("account.sign_out"),
            "yuan": yuan,
            "day": day,
            "moment": moment,
            "Status": Status,
            "status_label": lambda status: STATUS_LABEL[Status(status)].say(language()),
            "role_label": lambda role: ROLE_LABEL[Role(role)].say(language()),
        }
