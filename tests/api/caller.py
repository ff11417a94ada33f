"""A client of the API that believes nothing: each answer must be one the API's description announces."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from werkzeug.test import TestResponse

PREFIX = "/api/v1"


class Contract:
    """The OpenAPI document, asked about single answers."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        found = []
        for path, operations in self.document["paths"].items():
            parts = {
                p["name"]: p["schema"] for op in operations.values() for p in op["parameters"] if p["in"] == "path"
            }
            pattern = "".join(self._part(piece, parts) for piece in re.split(r"(\{\w+\})", path))
            found.append((re.compile(f"^{PREFIX}{pattern}$"), operations))
        return found

    @staticmethod
    def _part(piece: str, parts: dict[str, Any]) -> str:
        if not piece.startswith("{"):
            return re.escape(piece)
        return str(parts[piece[1:-1]].get("pattern", "^[0-9]{1,18}$"))[1:-1]

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.match(path.split("?")[0]) and method.lower() in operations:
                found: dict[str, Any] = operations[method.lower()]
                return found
        return None

    def check(self, method: str, path: str, response: TestResponse) -> None:
        operation = self.operation(method, path)
        if operation is None:
            assert response.status_code in (404, 405, 308), (method, path, response.status_code)
            assert response.status_code == 308 or response.content_type == "application/problem+json"
            return
        answers = operation["responses"]
        assert str(response.status_code) in answers, (
            method,
            path,
            response.status_code,
            response.get_data(as_text=True),
        )
        answer = answers[str(response.status_code)]
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        (kind,) = answer["content"]
        assert response.content_type == kind
        schema = {**answer["content"][kind]["schema"], "components": self.document["components"]}
        OAS31Validator(schema).validate(json.loads(response.get_data()))


class Caller:
    """Somebody with a token, or nobody."""

    def __init__(self, client: FlaskClient, contract: Contract, token: str = "") -> None:
        self.client, self.contract, self.token = client, contract, token

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **options.pop("headers", {})}
        response = self.client.open(PREFIX + path, method=method, headers=headers, **options)
        self.contract.check(method, PREFIX + path, response)
        return response

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        response = self.call("GET", path, **options)
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    def post(self, path: str, body: Any = None, status: int = 200, key: str = "", **options: Any) -> Any:
        response = self.send(path, body, key, **options)
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    def send(self, path: str, body: Any = None, key: str = "", **options: Any) -> TestResponse:
        """A POST whose answer is looked at as a whole."""
        if body is not None:
            options["json"] = body
        if key:
            options["headers"] = {"Idempotency-Key": key, **options.get("headers", {})}
        return self.call("POST", path, **options)
