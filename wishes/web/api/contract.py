"""One operation of the API: declared once, and from the declaration both served and described.

The declaration says what goes in and comes out; :class:`Api` checks the token, the query, the body and the idempotency
key, opens the session and writes the answer. A handler is three to ten lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, get_origin

import pydantic_core
from flask import Blueprint, Response, g, request
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from wishes.access import Actor
from wishes.clock import utc_now
from wishes.errors import Invalid, NotSignedIn
from wishes.i18n import Text
from wishes.people import idempotency
from wishes.people.queries import actor_of_token
from wishes.protection.passwords import secret_digest
from wishes.web.api.wording import of_validation
from wishes.web.identity import database

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY_LENGTH = 80


class BadInput(Invalid):
    """One or more fields cannot be used; all of them are listed."""

    def __init__(self, errors: Sequence[tuple[str, Text]]) -> None:
        super().__init__(errors[0][0], errors[0][1])
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler works with. ``query`` and ``body`` are instances of the models its operation declares."""

    session: Session
    actor: Actor
    now: datetime
    query: Any = None
    body: Any = None

    @property
    def account_id(self) -> int:
        if self.actor.account_id is None:
            raise NotSignedIn()
        return self.actor.account_id


@dataclass(frozen=True)
class Operation:
    """One method of one address. ``by_hand``: the handler opens its own sessions and returns the response."""

    method: str
    rule: str
    handler: Callable[..., Any]
    tag: str
    answer: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    by_hand: bool = False
    secret: frozenset[str] = frozenset()
    name: str = field(default="")

    @property
    def operation_id(self) -> str:
        return self.name or self.handler.__name__

    @property
    def changes(self) -> bool:
        return self.method != "GET"


class Api(Blueprint):
    """The blueprint that serves operations."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.operations: list[Operation] = []

    def add(self, operation: Operation) -> None:
        self.operations.append(operation)
        serve = (
            operation.handler
            if operation.by_hand
            else _serve_change(operation)
            if operation.changes
            else _serve(operation)
        )
        self.add_url_rule(operation.rule, operation.operation_id, serve, methods=[operation.method])


def token_digest() -> bytes:
    """The digest of the bearer token. A session cookie is no token. Raises NotSignedIn."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn()
    return secret_digest(token.strip())


def remember(actor: Actor) -> Actor:
    """*actor* as the one who is asking. Raises NotSignedIn for NOBODY: the token is unknown, expired or revoked."""
    g.actor = actor
    if actor.account_id is None:
        raise NotSignedIn()
    return actor


def idempotency_key() -> str | None:
    """The request's Idempotency-Key. Raises Invalid when it is no key: 1 to 80 visible ASCII characters."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and not (1 <= len(key) <= KEY_LENGTH and key.isascii() and key.isprintable() and key.strip()):
        raise Invalid(
            KEY_HEADER,
            Text(
                "Idempotency-Key 须为 1–80 个可见的 ASCII 字符。",
                "An Idempotency-Key has 1 to 80 visible ASCII characters.",
            ),
        )
    return key


def request_digest(data: bytes) -> bytes:
    """What makes two requests the same: method, address and body."""
    return hashlib.sha256(b"\0".join((request.method.encode(), request.full_path.encode(), data))).digest()


_EMPTY: dict[type[BaseModel], BaseModel] = {}


def read_body(model: type[BaseModel] | None, data: bytes) -> Any:
    """The body as *model*. No body at all is an empty object. Raises BadRequest, UnsupportedMediaType, BadInput."""
    if model is None:
        return None
    if not data:
        return _EMPTY.get(model) or _EMPTY.setdefault(model, _validated(model, {}))
    if not request.is_json:
        raise UnsupportedMediaType()
    try:
        return _validated(model, pydantic_core.from_json(data))
    except ValueError as error:
        if isinstance(error, ValidationError):
            raise
        raise BadRequest() from error


def read_query(model: type[BaseModel] | None) -> Any:
    """The query string as *model*; without a model there must be none. Raises BadInput."""
    if model is None:
        if not request.query_string:
            return None
        model = NoQuery
    fields = model.model_fields
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        many = name in fields and get_origin(fields[name].annotation) is tuple
        given[name] = values if many or len(values) != 1 else values[0]
    return _validated(model, given)


class NoQuery(BaseModel, extra="forbid"):
    """No query parameters."""


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], given: Any) -> Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise BadInput(
            [
                (".".join(map(str, wrong["loc"])), of_validation(wrong))
                for wrong in error.errors(include_url=False, include_input=False)
            ]
        ) from error


def respond(status: int, body: str, *, replayed: bool = False) -> Response:
    response = Response(body, status=status, content_type="application/json")
    if replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response


def _serve(operation: Operation) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        now, digest = utc_now(), token_digest()
        with database().reading() as session:
            actor = remember(actor_of_token(session, digest, now))
            found = operation.handler(Call(session, actor, now, read_query(operation.query)), **path)
        return respond(operation.status, found.model_dump_json(exclude_unset=True))

    return view


def _serve_change(operation: Operation) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        now, digest = utc_now(), token_digest()
        with database().reading() as session:
            actor = remember(actor_of_token(session, digest, now))
        data, key = request.get_data(), idempotency_key()
        query, body = read_query(operation.query), read_body(operation.body, data)
        asked = None if key is None else idempotency.Request(actor.account_id or 0, key, request_digest(data))
        with database().transaction() as session:
            before = None if asked is None else idempotency.begin(session, asked, now=now)
            if before is not None:
                return respond(before.status, before.body, replayed=True)
            done = operation.handler(Call(session, actor, now, query, body), **path)
            if asked is not None:
                kept = done.model_dump_json(exclude_unset=True, exclude=set(operation.secret))
                idempotency.finish(session, asked, idempotency.Answer(operation.status, kept))
        return respond(operation.status, done.model_dump_json(exclude_unset=True))

    return view
