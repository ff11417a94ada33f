"""What goes in and comes out of the API. Answers leave out what the reader may not see; input is refused beyond what is named."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from wishes.lifecycle import Kind, Status

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=_PRINTABLE)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=_PRINTABLE)]
BigId = Annotated[int, Field(ge=1, lt=10**18)]
Fen = Annotated[int, Field(ge=0, le=100_000_000, description="An amount in fen.")]
Cursor = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]
Limit = Annotated[int, Field(ge=1, le=200, description="How many at most.")]


class Asked(BaseModel):
    """Input: nothing beyond what is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """Output."""

    model_config = ConfigDict(frozen=True)


class FieldProblem(Told):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(Told):
    """RFC 9457 problem details."""

    type: str
    status: int
    title: str
    detail: str
    code: str
    request_id: str
    field: str | None = None
    errors: list[FieldProblem] | None = None


# --- campaigns --------------------------------------------------------------------------------------------------------


class CampaignShape(Told):
    """A campaign you have a role in."""

    slug: str
    name: str
    place: str
    city_code: str
    starts_on: date
    ends_on: date
    price_ceiling_fen: int
    closed: bool
    roles: list[str] = Field(description="Your roles in it.")


class CampaignList(Told):
    items: list[CampaignShape]


class Counts(Told):
    """How many wishes stand in each status."""

    total: int
    by_status: dict[Status, int]


# --- wishes -----------------------------------------------------------------------------------------------------------


class TakerShape(Told):
    """Who holds the wish, or whom it is proposed to."""

    branch: str | None
    volunteer: str | None


class CommunityShape(Told):
    id: int
    name: str


class WishShape(Told):
    """A wish, with the fields you may see. Never a child's identity."""

    code: str
    kind: Kind = Field(default=...)
    need: str = Field(description="none, vetted or psych: what meeting the child takes")
    category: str
    item: str
    detail: str
    size_kind: str
    size: str
    quantity: int
    price_low_fen: int | None
    price_high_fen: int | None
    price_fen: int = Field(description="What a taker should expect to spend.")
    status: Status | None = None
    county_code: str | None = None
    township_code: str | None = None
    community: CommunityShape | None = None
    age_band: str | None = Field(default=None, description="Years, such as 9-11.")
    sex: str | None = None
    taker: TakerShape | None = None
    published_at: datetime | None = None
    proposed_at: datetime | None = None
    claimed_at: datetime | None = None
    ready_at: datetime | None = None
    dispatched_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None
    scheduled_on: date | None = None


class WishList(Told):
    items: list[WishShape]
    total: int = Field(description="How many the filters let through.")
    next: str | None = Field(description="The cursor of the next page.")


class EventShape(Told):
    """One line of the timeline."""

    action: str
    label: str
    old_status: Status | None
    new_status: Status | None
    reason: str | None = None
    actor: str | None = Field(default=None, description="Empty for the system.")
    occurred_at: datetime
    recorded_at: datetime


class MoveShape(Told):
    """A move you may make now."""

    name: str
    label: str
    needs_reason: bool
    href: str


class CheckShape(Told):
    """One line of the checklist of a thing that waits to be looked over."""

    key: str
    label: str


class WishPage(Told):
    wish: WishShape
    moves: list[MoveShape]
    checks: list[CheckShape] | None = None
    due_at: datetime | None = None
    timeline: list[EventShape] | None = None


class WishQuery(Asked):
    status: tuple[Status, ...] = Field(default=(), description="May be given several times.")
    county: str = Field(default="", max_length=12, pattern=_PRINTABLE, description="Official code of the district.")
    category: str = Field(default="", max_length=24, pattern=_PRINTABLE)
    need: Literal["", "none", "vetted", "psych"] = ""
    community: BigId | None = None
    taker: str = Field(
        default="",
        max_length=48,
        pattern=r"^(|me|branch:[0-9]{1,17}|volunteer:[A-Za-z0-9._-]{1,24})$",
        description="`me`, `branch:ID` or `volunteer:CODE`.",
    )
    cursor: Cursor = ""
    limit: Limit = 50


# --- moves ------------------------------------------------------------------------------------------------------------


class Moved(Told):
    """What a move did."""

    campaign: str
    wish: str
    action: str
    old_status: Status
    status: Status
    at: datetime


class NoBody(Asked):
    """Nothing more to say."""


class ReasonBody(Asked):
    reason: Reason


Verdicts = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,24}$")], bool],
    Field(
        max_length=100, description="Whether each line of the checklist holds, by its key: see `checks` of the wish."
    ),
]


class InspectBody(Asked):
    """Without a body every line of the checklist holds."""

    checks: Verdicts | None = None


class FailBody(ReasonBody):
    checks: Verdicts | None = None


class ClaimBody(Asked):
    """Without a body you claim for yourself; a branch's secretary without a volunteer's role claims for the branch."""

    volunteer: Short | None = Field(
        default=None, description="Code of the volunteer who will carry it: you, or a member of your branch."
    )
    branch: BigId | None = Field(default=None, description="Your branch's id, to claim for the branch itself.")


class AcceptBody(Asked):
    volunteer: Short | None = Field(default=None, description="Code of your branch's member who will carry it.")


class PrepareBody(Asked):
    spent_fen: Fen | None = None


class ScheduleBody(Asked):
    scheduled_on: date = Field(description="Today or later, in Asia/Shanghai.")


class CloseBody(Asked):
    rating: int | None = Field(default=None, ge=1, le=5)


# --- mine -------------------------------------------------------------------------------------------------------------


class PageQuery(Asked):
    cursor: Cursor = ""
    limit: Limit = 50


class ClaimQuery(PageQuery):
    state: Literal["", "live", "delivered", "ended"] = ""


class ProposalShape(Told):
    """The engine proposes the wish to you or your branch; it is yours alone until ``expires_at``."""

    id: int
    wish: WishShape
    branch_id: int | None
    volunteer_id: int | None
    proposed_at: datetime
    expires_at: datetime


class ProposalList(Told):
    items: list[ProposalShape]
    next: str | None


class ClaimShape(Told):
    """A claim of yours or your branch's."""

    id: int
    wish: str
    item: str
    status: Status = Field(description="Where the wish stands.")
    state: Literal["live", "delivered", "ended"]
    via: str
    branch_id: int | None
    volunteer_id: int | None
    spend_fen: int
    claimed_at: datetime
    ended_at: datetime | None
    end_reason: str


class ClaimList(Told):
    items: list[ClaimShape]
    next: str | None


class NoticeShape(Told):
    id: int
    kind: str
    title: str
    body: str
    wish: str | None
    created_at: datetime
    read: bool


class NoticeList(Told):
    items: list[NoticeShape]
    next: str | None


class MarkedRead(Told):
    marked: int


# --- the rest ---------------------------------------------------------------------------------------------------------


class TokenShape(Told):
    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None


class TokenList(Told):
    items: list[TokenShape]


class TokenBody(Asked):
    name: Name
    days: int = Field(default=90, ge=1, le=365, description="How long it is good for.")


class TokenMade(TokenShape):
    token: str | None = Field(default=None, description="Shown once; absent when an earlier answer is repeated.")


class HandOverBody(Asked):
    """A scan: the parcel's label, or the wish, with the receiving side's receipt as scanned or as typed."""

    uid: str = Field(
        min_length=8,
        max_length=40,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Names this report; sent again it is the same report.",
    )
    campaign: Short
    wish: Short | None = None
    label: str = Field(default="", max_length=400, pattern=_PRINTABLE)
    receipt: str = Field(default="", max_length=400, pattern=_PRINTABLE)
    receipt_code: str = Field(default="", max_length=40, pattern=_PRINTABLE)
    scanned_at: AwareDatetime | None = Field(default=None, description="The device's account of when it happened.")


class HandOverDone(Told):
    state: Literal["confirmed", "replay", "duplicate", "conflict"]
    wish: str
