"""Who is asking: the session cookie or the bearer token becomes an :class:`~wishes.access.Actor`, once per request."""

from __future__ import annotations

from typing import cast

from flask import Response, current_app, g, request

from wishes.access import NOBODY, Actor
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import NotSignedIn
from wishes.people.queries import actor_of_session, actor_of_token
from wishes.protection.keyring import Keyring, read_keyring
from wishes.protection.passwords import secret_digest
from wishes.settings import Settings


def settings() -> Settings:
    return cast(Settings, current_app.extensions["microwish.settings"])


def database() -> Database:
    return cast(Database, current_app.extensions["microwish.database"])


def keyring() -> Keyring:
    """The keys of this installation, read when first needed: most requests never touch them."""
    extensions = current_app.extensions
    if "microwish.keyring" not in extensions:
        extensions["microwish.keyring"] = read_keyring(settings().keys_dir)
    return cast(Keyring, extensions["microwish.keyring"])


def cookie_name() -> str:
    """``__Host-`` binds the cookie to this host and to https; browsers refuse it on plain http (a local demo)."""
    return "__Host-microwish" if settings().base_url.startswith("https://") else "microwish"


def cookie_digest() -> bytes | None:
    secret = request.cookies.get(cookie_name())
    return secret_digest(secret) if secret else None


def actor() -> Actor:
    """The signed-in person of this request, or NOBODY."""
    if "actor" not in g:
        header = request.headers.get("Authorization", "")
        digest = cookie_digest()
        if header.startswith("Bearer "):
            with database().reading() as session:
                g.actor = actor_of_token(session, secret_digest(header.removeprefix("Bearer ").strip()), utc_now())
        elif digest is not None:
            with database().reading() as session:
                g.actor = actor_of_session(session, digest, utc_now())
        else:
            g.actor = NOBODY
    return cast(Actor, g.actor)


def signed_in() -> Actor:
    """The signed-in person. Raises :class:`~wishes.errors.NotSignedIn`."""
    person = actor()
    if person.account_id is None:
        raise NotSignedIn()
    return person


def set_cookie(response: Response, secret: str) -> None:
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=settings().session_hours * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings().base_url.startswith("https://"),
        path="/",
    )
