"""A campaign's own rules: what differs from campaign to campaign and is set on a page, not in code."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from wishes.lifecycle import Status

StepKind = Literal["remind", "warn", "escalate", "release"]


class Step(BaseModel):
    """One rung of the ladder: *kind*, so many hours after the due instant (negative: before)."""

    model_config = ConfigDict(frozen=True)
    kind: StepKind
    hours: float


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
    volunteer_claim_limit: int = Field(default=5, ge=1)
    events_as_of: str = ""
    events_second_date: str = ""
    vetting_reference_on: date | None = None
    replayed_from: date | None = None
    deadlines: dict[Status, Deadline] = Field(default_factory=_default_deadlines)
    weights: Weights = Weights()
    matching: Matching = Matching()

    def vetting_day(self, today: date) -> date:
        """The day checks are judged at: today. Only a campaign that is over and replayed is judged at its reference day, so
        that no setting lets an expired check pass while children are met."""
        replayed = self.replayed_from is not None and today >= self.replayed_from
        return self.vetting_reference_on if replayed and self.vetting_reference_on else today
