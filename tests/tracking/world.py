"""A small campaign to strike at: one community, a branch, volunteers, their accounts, and as many wishes as asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM, Actor, Grant, Role
from wishes.campaigns.queries import rules_of
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign, Organisation
from wishes.claims import actions as claims
from wishes.claims.tables import Branch, Claim, ClaimState, Proposal, ProposalState, Volunteer
from wishes.db import Database
from wishes.events.actions import move
from wishes.events.tables import Event
from wishes.intake.tables import Child, Community, Household, Wish
from wishes.lifecycle import Kind, Status
from wishes.people.tables import Account, RoleGrant
from wishes.tracking.clocks import clock_values
from wishes.tracking.tables import Clock, Notice

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


@dataclass
class World:
    """Ids of what was made, and the ways to change it."""

    database: Database
    campaign: int = 0
    community: int = 0
    child: int = 0
    branch: int = 0
    volunteers: list[int] = field(default_factory=list)
    account: dict[str, int] = field(default_factory=dict)
    made: int = 0

    def wishes(
        self, count: int, status: Status = Status.OPEN, *, now: datetime = NOON, kind: Kind = Kind.GOODS
    ) -> list[int]:
        """Rows written directly, with the clock of their stage."""
        with self.database.transaction() as session:
            rows = [
                {
                    "campaign_id": self.campaign,
                    "community_id": self.community,
                    "child_id": self.child,
                    "code": f"W{self.made + n:06d}",
                    "kind": kind,
                    "category": "book",
                    "item": "图书",
                    "county_code": "330102",
                    "township_code": "330102001",
                    "status": status,
                    "created_at": now,
                    "published_at": now,
                    "price_fen": 5000,
                }
                for n in range(count)
            ]
            first = self.made
            self.made += count
            session.execute(sa.insert(Wish.__table__), [_filled(row) for row in rows])
            ids = list(
                session.execute(sa.select(Wish.id).where(Wish.code >= f"W{first:06d}").order_by(Wish.id)).scalars()
            )
            values = clock_values(rules_of(session, self.campaign), status, now)
            if values is not None:
                session.execute(
                    sa.insert(Clock),
                    [
                        {
                            "campaign_id": self.campaign,
                            "wish_id": wish_id,
                            "stage": str(status),
                            "opened_at": now,
                            "due_at": values[0],
                            "next_at": values[1],
                        }
                        for wish_id in ids
                    ],
                )
        return ids

    def volunteer_actor(self, number: int = 0) -> Actor:
        return Actor(
            self.account[f"volunteer{number}"],
            "",
            (Grant(Role.VOLUNTEER, self.campaign, volunteer_id=self.volunteers[number]),),
        )

    def coordinator(self) -> Actor:
        return Actor(self.account["coordinator"], "", (Grant(Role.COORDINATOR, self.campaign),))

    def claimed(self, count: int, *, now: datetime = NOON, volunteer: int = 0) -> list[int]:
        """Wishes claimed by one volunteer through the real action."""
        ids = self.wishes(count, now=now)
        with self.database.transaction() as session:
            for wish_id in ids:
                claims.claim(
                    session,
                    wish_id=wish_id,
                    actor=self.volunteer_actor(volunteer),
                    volunteer_id=self.volunteers[volunteer],
                    now=now,
                )
        return ids

    def held(self, count: int, *, now: datetime = NOON, volunteer: int = 0) -> list[int]:
        """As :meth:`claimed`, with the rows written directly and their claims already announced."""
        ids = self.wishes(count, Status.CLAIMED, now=now)
        taker = {"volunteer_id": self.volunteers[volunteer], "branch_id": self.branch}
        with self.database.transaction() as session:
            session.execute(
                sa.update(Wish)
                .where(Wish.id.in_(ids))
                .values(claimed_at=now, taker_volunteer_id=taker["volunteer_id"], taker_branch_id=taker["branch_id"])
            )
            session.execute(
                sa.insert(Claim),
                [
                    {
                        "campaign_id": self.campaign,
                        "wish_id": wish_id,
                        "via": "browse",
                        "state": ClaimState.LIVE,
                        "spend_fen": 5000,
                        "claimed_at": now,
                        "end_reason": "",
                        **taker,
                    }
                    for wish_id in ids
                ],
            )
            session.execute(
                sa.update(Volunteer)
                .where(Volunteer.id == taker["volunteer_id"])
                .values(live_claims=Volunteer.live_claims + count)
            )
            session.execute(
                sa.update(Branch)
                .where(Branch.id == self.branch)
                .values(used_count=Branch.used_count + count, used_fen=Branch.used_fen + 5000 * count)
            )
        return ids

    def proposed(self, count: int, *, now: datetime = NOON, volunteer: int = 0) -> list[int]:
        ids = self.wishes(count, now=now)
        with self.database.transaction() as session:
            for wish_id in ids:
                taker = {"volunteer_id": self.volunteers[volunteer], "branch_id": self.branch}
                session.add(
                    Proposal(
                        campaign_id=self.campaign,
                        wish_id=wish_id,
                        proposed_at=now,
                        expires_at=now + timedelta(days=3),
                        state=ProposalState.OPEN,
                        **taker,
                    )
                )
                move(
                    session,
                    "propose",
                    wish_id=wish_id,
                    actor=SYSTEM,
                    now=now,
                    data=dict(taker),
                    changes={"taker_volunteer_id": taker["volunteer_id"], "taker_branch_id": taker["branch_id"]},
                )
        return ids

    def status(self, wish_id: int) -> Status:
        with self.database.reading() as session:
            return session.execute(sa.select(Wish.status).where(Wish.id == wish_id)).scalar_one()

    def notices(self, **where: Any) -> list[Notice]:
        with self.database.reading() as session:
            query = sa.select(Notice).order_by(Notice.id)
            for name, value in where.items():
                query = query.where(getattr(Notice, name) == value)
            return list(session.execute(query).scalars())

    def events(self, action: str) -> list[Event]:
        with self.database.reading() as session:
            return list(session.execute(sa.select(Event).where(Event.action == action).order_by(Event.id)).scalars())

    def open_clock(self, wish_id: int) -> Clock | None:
        with self.database.reading() as session:
            return session.execute(
                sa.select(Clock).where(Clock.wish_id == wish_id, Clock.closed_at.is_(None))
            ).scalar_one_or_none()


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    return {"need": "none", "detail": "", "size_kind": "", "size": "", "quantity": 1, "priority": 0, **row}


def build(database: Database, *, volunteers: int = 1, rules: Rules | None = None, claim_limit: int = 100_000) -> World:
    """The campaign and its people in an empty database."""
    world = World(database)
    with database.transaction() as session:
        organisation = _added(session, Organisation(slug="test", name="测试基金会", created_at=NOON))
        world.campaign = _added(
            session,
            Campaign(
                organisation_id=organisation,
                slug="test",
                name="测试",
                place="杭州市",
                city_code="3301",
                starts_on=date(2026, 1, 1),
                ends_on=date(2026, 12, 31),
                price_ceiling_fen=30000,
                rules=(rules or Rules()).model_dump(mode="json"),
                created_at=NOON,
            ),
        )
        world.community = _added(
            session,
            Community(
                campaign_id=world.campaign,
                township_code="330102001",
                county_code="330102",
                name="第一社区",
                created_at=NOON,
            ),
        )
        household = _added(session, Household(campaign_id=world.campaign))
        world.child = _added(
            session,
            Child(
                campaign_id=world.campaign,
                community_id=world.community,
                household_id=household,
                alias="小一",
                created_at=NOON,
            ),
        )
        world.branch = _added(session, Branch(campaign_id=world.campaign, name="第一支部", created_at=NOON))
        for number in range(volunteers):
            world.volunteers.append(
                _added(
                    session,
                    Volunteer(
                        campaign_id=world.campaign,
                        branch_id=world.branch,
                        code=f"V{number:05d}",
                        name="志愿者",
                        claim_limit=claim_limit,
                        created_at=NOON,
                    ),
                )
            )
            _person(session, world, f"volunteer{number}", Role.VOLUNTEER, volunteer_id=world.volunteers[-1])
        _person(session, world, "secretary", Role.BRANCH_SECRETARY, branch_id=world.branch)
        _person(session, world, "worker", Role.SOCIAL_WORKER, community_id=world.community)
        _person(session, world, "coordinator", Role.COORDINATOR)
    return world


def _person(session: Session, world: World, name: str, role: Role, **ids: int) -> None:
    account = _added(session, Account(login=f"{name}@example.org", name=name, created_at=NOON))
    session.add(RoleGrant(account_id=account, role=role, campaign_id=world.campaign, granted_at=NOON, **ids))
    world.account[name] = account


def _added(session: Session, row: Any) -> int:
    session.add(row)
    session.flush()
    return int(row.id)
