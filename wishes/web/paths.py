"""The parts of an address that vary. Whatever does not fit is simply not an address: 404, and the database is not asked."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from werkzeug.routing import BaseConverter

from wishes.web.numbers import MOST


class Part(BaseConverter):
    """One varying part and its JSON Schema."""

    schema: ClassVar[dict[str, Any]]


class Slug(Part):
    """A campaign's short name."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
    schema = {"type": "string", "pattern": f"^{regex}$"}


class Code(Part):
    """A wish's code."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,23}"
    schema = {"type": "string", "pattern": f"^{regex}$"}


class RowId(Part):
    """A row's number: as many digits as the databases hold."""

    regex = r"[0-9]{1,18}"
    schema = {"type": "integer", "minimum": 0, "maximum": MOST}

    def to_python(self, value: str) -> int:
        return int(value)


CONVERTERS: dict[str, type[Part]] = {"slug": Slug, "code": Code, "int": RowId}
_PART = re.compile(r"<(\w+):(\w+)>")


def template(rule: str) -> str:
    """``/x/<slug:slug>`` as OpenAPI writes it: ``/x/{slug}``."""
    return _PART.sub(r"{\2}", rule)


def parameters(rule: str) -> list[dict[str, Any]]:
    """OpenAPI's description of the rule's varying parts."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": CONVERTERS[kind].__doc__,
            "schema": CONVERTERS[kind].schema,
        }
        for kind, name in _PART.findall(rule)
    ]
