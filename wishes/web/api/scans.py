"""Scans: what couriers' devices report, many at a time."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, request
from pydantic import AwareDatetime, Field, RootModel

from wishes.clock import utc_now
from wishes.errors import Forbidden
from wishes.handover.reports import MOST_SCANS, Report, read_reports
from wishes.handover.scanning import take_batch
from wishes.web.api.contract import Operation, idempotency_key, read_query, respond
from wishes.web.api.handovers import caller
from wishes.web.api.shapes import Told
from wishes.web.context import language
from wishes.web.identity import database
from wishes.web.scans import desk_of


class Scans(RootModel[Annotated[list[Report], Field(max_length=MOST_SCANS)]]):
    """Scans of one device, oldest first."""


class ScanTold(Told):
    """What became of one scan; a device may forget a scan when it has this, and not before."""

    nonce: str
    outcome: Literal["accepted", "already", "conflict", "refused"]
    code: str = Field(description="Why, for programs; empty when it was simply accepted.")
    sentence: str = Field(description="Why, for people.")
    wish: str | None
    occurred_at: AwareDatetime = Field(
        description="When it happened, as recorded: the device's account, its clock corrected."
    )


class ScansTold(RootModel[list[ScanTold]]):
    """One answer for each scan, in their order."""


def report_scans() -> Response:
    """Report scans: each is taken on its own, once, and never dropped.

    The same scan sent again, under its `nonce`, gets the same answer. `already`: delivered before, and nobody says otherwise.
    `conflict`: kept for a coordinator, because devices contradict each other, or because the claim, the label or the device ended
    meanwhile. `refused`: proves nothing; it is on record. Send `sent_at` with every request: the device's clock is corrected by
    it. At most 500 scans or 1 MiB a request (413); an `Idempotency-Key` is not needed.
    """
    actor = caller()
    idempotency_key()
    read_query(None)
    if not any(grant.campaign_id is not None or grant.role == "site_admin" for grant in actor.grants):
        raise Forbidden()
    reports = read_reports(request.get_data())
    desk = desk_of(actor, channel="device")
    answers = take_batch(
        database(),
        reports,
        actor=actor,
        signer=desk.signer,
        keys=desk.keys,
        vault=desk.vault,
        now=utc_now(),
        address=desk.address,
    )
    tongue = language()
    return respond(
        200, ScansTold([ScanTold.model_validate(answer.told(tongue)) for answer in answers]).model_dump_json()
    )


OPERATIONS = (Operation("POST", "/scans", report_scans, "hand-over", ScansTold, body=Scans, by_hand=True),)
