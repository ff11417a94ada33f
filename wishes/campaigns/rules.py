"""A campaign's own rules: what differs from campaign to campaign and is set on a page, not in code."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from wishes.lifecycle import Status

StepKind = Literal["remind", "warn", "escalate", "release", "reserve"]
StepChannel = Literal["", "inbox", "email", "wecom_app", "sms"]
"""By which way a rung is told where it reaches the person; empty: the installation's own order."""


class Step(BaseModel):
    """One rung of the ladder: *kind*, so many hours after the due instant (negative: before), told by *channel*."""

    model_config = ConfigDict(frozen=True)
    kind: StepKind
    hours: float
    channel: StepChannel = ""


class Deadline(BaseModel):
    """How long a stage may last, and what happens around its end."""

    model_config = ConfigDict(frozen=True)
    days: float = Field(gt=0, le=365)
    working_days: bool = False
    ladder: tuple[Step, ...] = (
        Step(kind="remind", hours=-72),
        Step(kind="warn", hours=0),
        Step(kind="escalate", hours=72),
    )


class OwnDeadline(BaseModel):
    """How long a stage may last for the wishes of one category, one community, or one category there; its ladder is the stage's."""

    model_config = ConfigDict(frozen=True)
    stage: Status
    category: str = ""
    community_id: int | None = None
    days: float = Field(gt=0, le=365)
    working_days: bool = False


KEY_DAY = r"(campaign_end|spring_festival|dragon_boat|mid_autumn|\d{2}-\d{2}|\d{4}-\d{2}-\d{2})"


class KeyDate(BaseModel):
    """A day before which delays get shorter: for *lead_days* up to it each hour after a deadline counts 1 / *factor*.

    *day* is ``campaign_end``, a moving holiday by its name, ``06-01`` for every year, or one day as ``2027-02-06``.
    """

    model_config = ConfigDict(frozen=True)
    day: str = Field(pattern=f"^{KEY_DAY}$")
    lead_days: int = Field(default=14, ge=1, le=90)
    factor: float = Field(default=0.5, ge=0.1, le=1)


class Calendar(BaseModel):
    """Days that the holiday library does not know yet, or gets wrong: days off, and weekend days that are worked."""

    model_config = ConfigDict(frozen=True)
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


def _default_deadlines() -> dict[Status, Deadline]:
    with_release = (
        Step(kind="remind", hours=-72),
        Step(kind="warn", hours=0),
        Step(kind="escalate", hours=72),
        Step(kind="release", hours=168),
    )
    return {
        Status.SUBMITTED: Deadline(days=7, working_days=True, ladder=(Step(kind="warn", hours=0),)),
        Status.PROPOSED: Deadline(days=3, ladder=(Step(kind="remind", hours=-24), Step(kind="release", hours=0))),
        Status.CLAIMED: Deadline(days=10, ladder=with_release),
        Status.SCHEDULED: Deadline(days=30, ladder=with_release),
        Status.READY: Deadline(days=7, working_days=True),
        Status.INSPECTED: Deadline(days=5, working_days=True),
        Status.IN_TRANSIT: Deadline(days=7),
        Status.DELIVERED: Deadline(days=14, ladder=(Step(kind="remind", hours=0),)),
        Status.DISPUTED: Deadline(days=3, ladder=(Step(kind="warn", hours=0), Step(kind="escalate", hours=72))),
    }


class Weights(BaseModel):
    """What the matching engine values, in points; 0 leaves a criterion out."""

    model_config = ConfigDict(extra="allow")
    distance: float = Field(default=10.0, ge=0, le=100)
    category: float = Field(default=20.0, ge=0, le=100)
    pledge_left: float = Field(default=5.0, ge=0, le=100)
    need: float = Field(default=30.0, ge=0, le=100)
    reliability: float = Field(default=10.0, ge=0, le=100)
    fairness: float = Field(default=10.0, ge=0, le=100)
    variety: float = Field(default=3.0, ge=0, le=100)
    pairing: float = Field(default=5.0, ge=0, le=100)
    freshness: float = Field(default=3.0, ge=0, le=100)
    together: float = Field(default=2.0, ge=0, le=100)


class Matching(BaseModel):
    """How the engine is run: its bounds, not its values (those are :class:`Weights`)."""

    model_config = ConfigDict(extra="allow")
    longest_wait_days: int = Field(default=60, ge=1)  # who waited longer goes first, whatever it costs the others
    moves_percent: float = Field(default=10.0, ge=0, le=100)  # of the standing proposals an incremental run may move
    reserve_percent: float = Field(default=0.0, ge=0, le=90)  # of each pledge kept for urgent wishes still to come
    training_required: bool = False  # whether who meets a child must have been trained


class Rules(BaseModel):
    """Everything set per campaign. Stored as JSON in ``campaign.rules``; unknown keys are kept for newer versions."""

    model_config = ConfigDict(extra="allow")
    age_limit_years: int = 18
    max_wishes_per_child: int = Field(default=3, ge=1)
    max_wishes_per_household: int = Field(default=6, ge=1)
    proposal_hours: int = Field(default=72, ge=1)
    vetting_days: int = Field(default=365, ge=1)
    vetting_reminder_days: int = Field(default=30, ge=0)  # so long before a check runs out its renewal is asked for
    retention_days: int = Field(
        default=180, ge=0
    )  # so long after the campaign was closed who the children are is forgotten
    volunteer_claim_limit: int = Field(default=5, ge=1)
    # what a label tells whoever finds a parcel: a phone, its hours
    finder_contact: str = Field(default="", max_length=80)
    events_as_of: str = ""
    events_second_date: str = ""
    vetting_reference_on: date | None = None
    replayed_from: date | None = None
    deadlines: dict[Status, Deadline] = Field(default_factory=_default_deadlines)
    own_deadlines: tuple[OwnDeadline, ...] = ()
    key_dates: tuple[KeyDate, ...] = (
        KeyDate(day="06-01"),
        KeyDate(day="spring_festival"),
        KeyDate(day="campaign_end"),
    )
    ends_on: date | None = None  # the campaign's end, kept here for those who read nothing but the rules
    calendar: Calendar = Calendar()
    weights: Weights = Weights()
    matching: Matching = Matching()

    def deadline_of(self, stage: Status, *, category: str = "", community_id: int | None = None) -> Deadline | None:
        """The deadline of *stage* for a wish: its community's own goes before its category's, and that before the campaign's."""
        general = self.deadlines.get(stage)
        own = [
            one
            for one in self.own_deadlines
            if one.stage is stage and one.category in ("", category) and one.community_id in (None, community_id)
        ]
        if not own:
            return general
        nearest = max(own, key=lambda one: (one.community_id is not None, one.category != ""))
        kept = general or Deadline(days=nearest.days)
        return kept.model_copy(update={"days": nearest.days, "working_days": nearest.working_days})

    def vetting_day(self, today: date) -> date:
        """The day checks are judged at: today. Only a campaign that is over and replayed is judged at its reference day, so
        that no setting lets an expired check pass while children are met."""
        replayed = self.replayed_from is not None and today >= self.replayed_from
        return self.vetting_reference_on if replayed and self.vetting_reference_on else today
