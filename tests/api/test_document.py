"""The API's description: valid, complete, and true to the routes."""

from __future__ import annotations

import re

from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.api.caller import Contract
from wishes.lifecycle import MOVES
from wishes.web.api.document import PROBLEMS
from wishes.web.paths import template


def test_the_description_is_valid_openapi_3_1(contract: Contract) -> None:
    assert contract.document["openapi"].startswith("3.1")
    validate(contract.document, cls=OpenAPIV31SpecValidator)


def test_every_route_is_described_and_everything_described_is_routed(app: Flask, contract: Contract) -> None:
    routed = {
        (method, template(rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (method.upper(), path) for path, operations in contract.document["paths"].items() for method in operations
    }
    assert routed == described


def test_every_move_a_person_makes_without_a_scan_has_its_address(contract: Contract) -> None:
    made_otherwise = {"propose", "expire", "lapse", "deliver", "deliver_directly", "attend"}
    addressed = {
        path.rsplit("/", 1)[1] for path in contract.document["paths"] if re.search(r"/wishes/{code}/\w+$", path)
    }
    assert addressed == set(MOVES) - made_otherwise


def test_every_post_takes_an_idempotency_key_and_every_operation_says_what_can_go_wrong(contract: Contract) -> None:
    for path, operations in contract.document["paths"].items():
        for method, operation in operations.items():
            headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            assert ("Idempotency-Key" in headers) == (method == "post"), path
            expected = (
                {str(status) for status in PROBLEMS}
                if method != "get"
                else {"401", "403", "404", "422", "429", "500", "503"}
            )
            assert expected <= set(operation["responses"]), path
            assert operation["summary"] and operation["operationId"]


def test_operation_ids_are_unique(contract: Contract) -> None:
    ids = [
        operation["operationId"]
        for operations in contract.document["paths"].values()
        for operation in operations.values()
    ]
    assert len(ids) == len(set(ids))


def test_no_shape_of_the_api_can_hold_a_childs_identity(contract: Contract) -> None:
    schemas = contract.document["components"]["schemas"]
    names = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert "age_band" in names
    for word in ("guardian", "birth", "identity", "alias", "phone", "address", "child", "school"):
        assert not [name for name in names if word in name], word
