"""What devices send: a list of scans, read with care. Pure: no database, no web."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import pydantic_core
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from wishes.access import Actor
from wishes.errors import Invalid, MicrowishError
from wishes.i18n import Text

MOST_SCANS: Final = 500
MOST_BYTES: Final = 1024 * 1024
LONGEST_SCANNED: Final = 400
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)  # a flat battery says 1970

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,40}$")]
_Scanned = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_SCANNED, pattern=_PRINTABLE)]
_Instant = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]


class TooManyScans(MicrowishError):
    """More than one request may carry; nothing of it was read or recorded."""

    status, code = 413, "too_many_scans"
    title = Text("一次发送的扫码太多", "Too many scans at once")
    sentence = Text(
        "一次最多发送 {most} 条扫码（{kilobytes} KB）。这一批都没有登记，请分批再发。",
        "One request carries at most {most} scans ({kilobytes} KB). Nothing of this batch was recorded: send it in parts.",
    )

    def __init__(self) -> None:
        super().__init__(most=MOST_SCANS, kilobytes=MOST_BYTES // 1024)


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Read):
    """What else was noted on the spot. Nothing of it is needed."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_PRINTABLE)] = ""
    receiver: Literal["", "guardian", "director", "authorised"] = ""
    receiver_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=_PRINTABLE)] = Field(
        default="", description="Sealed with the child's key; shown only to who may see the child."
    )
    place: Annotated[str, StringConstraints(pattern=r"^[0-9b-hjkmnp-z]{0,5}$")] = Field(
        default="", description="Geohash of at most five characters, some five kilometres."
    )
    photo: bool = Field(default=False, description="A photograph is to follow.")


class Report(_Read):
    """One scan as the device tells it."""

    nonce: _Nonce = Field(description="Names this scan for ever; sent again it is the same scan.")
    token: _Scanned = Field(default="", description="What the label's QR code holds, or its typed short code.")
    recipient_code: _Scanned = Field(default="", description="The receiving side's QR code, or its typed short code.")
    action: Literal["hand_over", "refuse", "absent"] = "hand_over"
    occurred_at: _Instant = Field(description="By the device's clock.")
    sent_at: _Instant | None = Field(default=None, description="By the device's clock, when this request is sent.")
    device_id: _Nonce
    device_seq: int = Field(ge=0, lt=2**31, description="Counts this device's scans; a gap is a lost scan.")
    evidence: Evidence = Evidence()

    @property
    def digest(self) -> bytes:
        """32 bytes of what was reported. ``sent_at`` is left out: a scan that is sent again is the same scan."""
        told = self.model_dump(mode="json", exclude={"sent_at"})
        return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).digest()


_REPORTS = TypeAdapter(list[Report])


def read_reports(raw: bytes) -> list[Report]:
    """The scans of one request body. Raises TooManyScans, Invalid (not JSON, or a field that cannot be used).

    Size and number are looked at before anything else is made of it.
    """
    if len(raw) > MOST_BYTES:
        raise TooManyScans()
    try:
        given = pydantic_core.from_json(raw)
    except ValueError:
        raise Invalid("scans", Text("内容不是 JSON。", "The body is not JSON.")) from None
    if isinstance(given, list) and len(given) > MOST_SCANS:
        raise TooManyScans()
    try:
        return _REPORTS.validate_python(given)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise Invalid(
            ".".join(map(str, wrong["loc"])) or "scans",
            Text("扫码记录的这一项不能用：{where}。", "This part of a scan cannot be used: {where}."),
            where=".".join(map(str, wrong["loc"])) or "scans",
        ) from None


def page_report(
    uid: str,
    *,
    label: str,
    receipt: str,
    receipt_code: str,
    scanned_at: datetime | None,
    actor: Actor,
    now: datetime,
    sent_at: datetime | None = None,
) -> Report:
    """A hand-over confirmed on a page or by a program, as a report. *uid* (8–40 characters) names it among the account's own.

    *scanned_at* and *sent_at* are by the other side's clock; what was not scanned happens now. Raises Invalid for an *uid* that is none, and for a field that no scanner returns.
    """
    if not 8 <= len(uid) <= 40:
        raise Invalid(
            "uid", Text("缺少扫码编号，请刷新页面后重试。", "The scan has no number: reload the page and try again.")
        )
    if max(map(len, (label, receipt, receipt_code))) > LONGEST_SCANNED:
        raise Invalid("label", Text("扫到的内容太长，不是本平台的码。", "That is too long to be one of our codes."))
    own = hashlib.sha256(f"{actor.account_id}:{uid}".encode()).hexdigest()[:38]
    return Report.model_construct(
        nonce=f"u-{own}",
        token=label.strip(),
        recipient_code=(receipt or receipt_code).strip(),
        action="hand_over",
        occurred_at=_within(scanned_at) or now,
        sent_at=_within(sent_at) if scanned_at else None,
        device_id="",
        device_seq=0,
        evidence=Evidence(),
    )


def _within(told: datetime | None) -> datetime | None:
    """What a page or program says of the time, where a device's report would be refused as malformed."""
    return None if told is None else max(EARLIEST, min(told, LATEST))
