"""Questions about labels, and the record of a hand-over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may
from wishes.campaigns.queries import parse_rules
from wishes.campaigns.tables import Campaign, Organisation
from wishes.handover.conflicts import Matter, ScanSeen, matters_of, scans_where
from wishes.handover.proving import find_label
from wishes.handover.tables import Label, Scan
from wishes.handover.tokens import PublicKeys
from wishes.model import columns, table_of
from wishes.people.tables import Account
from wishes.protection.tables import AuditEntry

_Campaign = columns(Campaign)
_Label = columns(Label)
_Organisation = columns(Organisation)
_SCAN, _ENTRY, _ACCOUNT = table_of(Scan), table_of(AuditEntry), table_of(Account)


@dataclass(frozen=True, slots=True)
class Found:
    """What anybody may know who holds a label in their hands: whose campaign it is, and whether it is still good."""

    campaign_id: int
    slug: str
    campaign: str
    organisation: str
    place: str
    contact: str
    state: str  # good, void, expired


def found_parcel(session: Session, scanned: str, *, keys: PublicKeys, today: date) -> Found:
    """What a label tells its finder. Nothing of the wish or the child. Raises TokenRefused, NotFound."""
    held = find_label(session, scanned, keys=keys)
    row = session.execute(
        sa.select(
            _Campaign.id, _Campaign.slug, _Campaign.name, _Organisation.name.label("organisation"), _Campaign.place,
            sa.cast(_Campaign.rules, sa.Text).label("rules"),
        )
        .join(_Label, _Label.campaign_id == _Campaign.id)
        .join(_Organisation, _Organisation.id == _Campaign.organisation_id)
        .where(_Label.id == held.id)
    ).one()  # fmt: skip
    state = "void" if held.voided_at is not None else "expired" if today > held.expires_on else "good"
    return Found(row.id, row.slug, row.name, row.organisation, row.place, parse_rules(row.rules).finder_contact, state)


def communities_in_transit(actor: Actor, campaign_id: int) -> tuple[int, ...] | None:
    """The communities whose receipts *actor* may print; None is all of them (coordinators)."""
    if may(actor, "campaign.coordinate", campaign_id):
        return None
    return tuple(sorted(actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")))


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody who read the record before."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HandOverRecord:
    """All that is known of a wish's hand-over: every scan as reported and as told, what counts and why, who looked at it."""

    scans: tuple[ScanSeen, ...]
    matters: tuple[Matter, ...]
    looked: tuple[Looked, ...]

    @property
    def standing(self) -> frozenset[str]:
        return frozenset(matter.standing for matter in self.matters if matter.standing)


def record_of(session: Session, wish_id: int) -> HandOverRecord:
    scans = scans_where(session, _SCAN.c.wish_id == wish_id)
    claims = sorted({scan.claim_id for scan in scans if scan.claim_id is not None})
    looked = session.execute(
        sa.select(sa.func.coalesce(_ACCOUNT.c.name, ""), _ENTRY.c.recorded_at)
        .join(_ACCOUNT, _ACCOUNT.c.id == _ENTRY.c.actor_id, isouter=True)
        .where(_ENTRY.c.kind == "look_scans", _ENTRY.c.wish_id == wish_id)
        .order_by(_ENTRY.c.id.desc())
        .limit(50)
    )
    return HandOverRecord(tuple(scans), tuple(matters_of(session, claims)), tuple(Looked(*row) for row in looked))
