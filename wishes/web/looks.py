"""Whoever is shown the readings of a workbook is on record before the page leaves: the view says what it opened, and an answer
that cannot be recorded is not given. One entry for each file and request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g

from wishes.clock import utc_now
from wishes.protection.entries import note
from wishes.web.identity import actor, database

REASON = "intake"


def looked(*, campaign_id: int, file_id: int, fields: Iterable[str], row_id: int | None = None) -> None:
    """Say that this request opened an entry of a file, or (without *row_id*) its sheet."""
    looks: dict[tuple[int, int], dict[str, set[Any]]] = g.setdefault("looks", {})
    seen = looks.setdefault((campaign_id, file_id), {"fields": set(), "rows": set()})
    seen["fields"].update(fields)
    seen["rows"].update(() if row_id is None else (row_id,))


def install(app: Flask) -> None:
    @app.after_request
    def _recorded(response: Response) -> Response:
        looks = g.pop("looks", {})
        if looks and (response.status_code < 300 or response.status_code == 422):  # an answer that shows something
            person, now = actor(), utc_now()
            with database().transaction() as session:
                for (campaign_id, file_id), seen in sorted(looks.items()):
                    note(
                        session, "look", actor=person, now=now, campaign_id=campaign_id, file_id=file_id, reason=REASON,
                        fields=sorted(seen["fields"]), data={"rows": sorted(seen["rows"])} if seen["rows"] else {},
                    )  # fmt: skip
        return response
