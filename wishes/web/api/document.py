"""The API's own description, OpenAPI 3.1, made from the declared operations."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from wishes.web.api.contract import KEY_HEADER, KEY_LENGTH, REPLAYED_HEADER, Operation
from wishes.web.api.shapes import Problem
from wishes.web.paths import parameters, template

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_ABOUT = """\
Everything the pages do for social workers, volunteers, branches and coordinators, for programs.

**Signing in.** `Authorization: Bearer TOKEN`; make a token on your account page. A session cookie is not accepted.
**Seeing.** A field you may not see is absent; an object that is not yours to know of is a 404. A child's identity is never given here.
**Lists** come in pages: pass `next` as `cursor`.
**Changing twice.** Send an `Idempotency-Key` with a POST: the same key and request gets the first answer again (`Idempotency-Replayed: true`),
the same key with another request is refused (422), and a key whose first request is still running answers 409. A refused request
spends no key. Keys belong to an account and are kept for seven days.
**Errors** are RFC 9457 problem details, in Chinese or English by `Accept-Language`.
**Units.** Money in fen, instants in UTC, days in Asia/Shanghai."""

PROBLEMS: dict[int, str] = {
    400: "The body is not JSON.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "Your role does not permit this.",
    404: "There is no such thing, or it is not yours to know of.",
    409: "Someone was quicker, or the wish stands elsewhere now.",
    413: "The body is too large.",
    415: "The body is not sent as application/json.",
    422: "A field cannot be used, or an idempotency key was reused.",
    429: "Too many requests; see Retry-After.",
    500: "A fault of ours.",
    503: "The database is recovering; nothing was changed. See Retry-After.",
}
READ_PROBLEMS = (401, 403, 404, 422, 429, 500, 503)
CHANGE_PROBLEMS = tuple(PROBLEMS)


def describe(operations: Sequence[Operation], prefix: str) -> str:
    """The document as JSON text."""
    shapes: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    shapes += [(op.answer, "serialization") for op in operations if op.answer]
    shapes += [(op.body, "validation") for op in operations if op.body]
    _, schemas = models_json_schema(list(dict.fromkeys(shapes)), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(template(operation.rule), {})[operation.method.lower()] = _operation(operation)
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Microwish",
                "version": VERSION,
                "description": _ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": prefix}],
            "security": [{"bearer": []}],
            "tags": [{"name": tag} for tag in dict.fromkeys(op.tag for op in operations)],
            "paths": paths,
            "components": {
                "schemas": schemas["$defs"],
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
                "responses": {str(status): _problem(status, words) for status, words in PROBLEMS.items()},
            },
        },
        ensure_ascii=False,
    )


def _operation(operation: Operation) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(operation.handler) or "").partition("\n\n")
    described: dict[str, Any] = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "summary": " ".join(summary.split()),
        "parameters": [
            *parameters(operation.rule),
            *_query(operation.query),
            *(_KEY if operation.method == "POST" else []),
        ],
        "responses": {
            str(operation.status): _success(operation),
            **{
                str(status): {"$ref": f"#/components/responses/{status}"}
                for status in (CHANGE_PROBLEMS if operation.changes else READ_PROBLEMS)
            },
        },
    }
    if more:
        described["description"] = more
    if operation.body:
        described["requestBody"] = {
            "required": any(f.is_required() for f in operation.body.model_fields.values()),
            "content": {"application/json": {"schema": _named(operation.body)}},
        }
    return described


_KEY = [
    {
        "name": KEY_HEADER,
        "in": "header",
        "required": False,
        "description": "Names this request, so that sending it again changes nothing.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    }
]


def _success(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {"description": "Done." if operation.changes else "Found."}
    if operation.answer:
        found["content"] = {"application/json": {"schema": _named(operation.answer)}}
    if operation.method == "POST":
        found["headers"] = {
            REPLAYED_HEADER: {"description": "Present when this is an earlier answer.", "schema": {"const": "true"}}
        }
    return found


def _problem(status: int, words: str) -> dict[str, Any]:
    found: dict[str, Any] = {"description": words, "content": {"application/problem+json": {"schema": _named(Problem)}}}
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found


def _named(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _query(model: type[BaseModel] | None) -> Iterable[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(ref_template=_REF)
    needed = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in needed,
            "description": part.pop("description", name),
            "schema": _inlined(part, schema.get("$defs", {})),
        }
        for name, part in schema["properties"].items()
    ]


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    """*part* with its references replaced by what they mean: a query parameter's enums are not components."""
    if isinstance(part, dict):
        if "$ref" in part:
            return definitions[part["$ref"].rsplit("/", 1)[1]]
        return {name: _inlined(inner, definitions) for name, inner in part.items()}
    return [_inlined(inner, definitions) for inner in part] if isinstance(part, list) else part
