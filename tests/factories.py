"""Rows for tests. Everybody is a number: no name here looks like a person's."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

import wishes.tables
from wishes.access import Actor, Grant, Role
from wishes.campaigns.rules import Rules
from wishes.campaigns.tables import Campaign, Organisation
from wishes.claims.tables import Branch, Volunteer
from wishes.intake.tables import Child, Community, Household, Wish
from wishes.lifecycle import Kind, Status
from wishes.people.actions import create_token, grant_role
from wishes.people.queries import actor_of_account
from wishes.people.tables import Account

NOW = datetime(2021, 6, 1, 4, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def number() -> int:
    """A number nobody else in this test process got."""
    return next(_numbers)


def insert(session: Session, table: type[SQLModel], **values: Any) -> int:
    """One row of *table*, with the model's defaults for what is not given; answers its id."""
    row = table(**values)
    given = {name: getattr(row, name) for name in table.model_fields if name != "id"}
    columns = sa.inspect(table).local_table
    made = session.execute(sa.insert(columns).values(**given).returning(columns.c.id))
    return int(made.scalar_one())


@dataclass(frozen=True)
class Place:
    """A small campaign: two communities with a child each, a branch with a pledge, a member, a volunteer on their own."""

    id: int
    slug: str
    community_id: int
    other_community_id: int
    child_id: int
    other_child_id: int
    branch_id: int
    other_branch_id: int
    member_id: int
    volunteer_id: int
    county_code: str = "330102"
    codes: dict[int, str] = field(default_factory=dict)  # volunteer id → code

    def grant(self, role: Role, **narrowed: int) -> Grant:
        return Grant(role, self.id, **narrowed)

    @property
    def volunteer(self) -> Actor:
        return Actor(None, "volunteer", (self.grant(Role.VOLUNTEER, volunteer_id=self.volunteer_id),))

    @property
    def member(self) -> Actor:
        return Actor(None, "member", (self.grant(Role.VOLUNTEER, volunteer_id=self.member_id),))

    @property
    def secretary(self) -> Actor:
        return Actor(None, "secretary", (self.grant(Role.BRANCH_SECRETARY, branch_id=self.branch_id),))

    @property
    def social_worker(self) -> Actor:
        return Actor(None, "social worker", (self.grant(Role.SOCIAL_WORKER, community_id=self.community_id),))

    @property
    def coordinator(self) -> Actor:
        return Actor(None, "coordinator", (self.grant(Role.COORDINATOR),))


def make_campaign(session: Session, *, slug: str = "", rules: Rules | None = None, now: datetime = NOW) -> Place:
    """A campaign with everybody in it but without wishes."""
    n = number()
    slug = slug or f"campaign-{n}"
    organisation_id = insert(session, Organisation, slug=f"organisation-{n}", name=f"机构 {n}", created_at=now)
    campaign_id = insert(
        session,
        Campaign,
        organisation_id=organisation_id,
        slug=slug,
        name=f"项目 {n}",
        place="测试市",
        city_code="3301",
        starts_on=date(2021, 3, 1),
        ends_on=date(2021, 12, 31),
        price_ceiling_fen=50_000,
        rules=(rules or Rules()).model_dump(mode="json"),
        created_at=now,
    )
    communities = [
        insert(
            session,
            Community,
            campaign_id=campaign_id,
            township_code="330102001",
            county_code="330102",
            name=f"第 {i} 社区",
            created_at=now,
        )
        for i in (1, 2)
    ]
    children = []
    for community_id in communities:
        household_id = insert(session, Household, campaign_id=campaign_id)
        children.append(
            insert(
                session,
                Child,
                campaign_id=campaign_id,
                community_id=community_id,
                household_id=household_id,
                alias=f"儿童 {number()}",
                sex="F",
                birth_year=2011,
                created_at=now,
            )
        )
    branches = [make_branch(session, campaign_id, now=now) for _ in (1, 2)]
    member_id = make_volunteer(session, campaign_id, branch_id=branches[0], now=now)
    volunteer_id = make_volunteer(session, campaign_id, now=now)
    codes = {
        row.id: row.code
        for row in session.execute(sa.select(Volunteer.id, Volunteer.code).where(Volunteer.campaign_id == campaign_id))
    }  # type: ignore[call-overload]
    return Place(
        campaign_id,
        slug,
        communities[0],
        communities[1],
        children[0],
        children[1],
        branches[0],
        branches[1],
        member_id,
        volunteer_id,
        codes=codes,
    )


def make_branch(
    session: Session,
    campaign_id: int,
    *,
    pledge_count: int | None = None,
    pledge_fen: int | None = None,
    now: datetime = NOW,
) -> int:
    return insert(
        session,
        Branch,
        campaign_id=campaign_id,
        name=f"第 {number()} 支部",
        pledge_count=pledge_count,
        pledge_fen=pledge_fen,
        created_at=now,
    )


def make_volunteer(
    session: Session,
    campaign_id: int,
    *,
    branch_id: int | None = None,
    limit: int = 5,
    vetted_on: date | None = None,
    qualification: str = "",
    now: datetime = NOW,
) -> int:
    n = number()
    return insert(
        session,
        Volunteer,
        campaign_id=campaign_id,
        branch_id=branch_id,
        code=f"V{n:05}",
        name=f"志愿者 {n}",
        claim_limit=limit,
        vetted_on=vetted_on,
        qualification=qualification,
        created_at=now,
    )


def make_wish(
    session: Session,
    place: Place,
    *,
    status: Status = Status.OPEN,
    kind: Kind = Kind.GOODS,
    need: str = "none",
    category: str = "study",
    price_fen: int = 8_000,
    elsewhere: bool = False,
    **more: Any,
) -> int:
    """A wish of the campaign's first community, or of its other one (*elsewhere*)."""
    n = number()
    shown = status not in (Status.DRAFT, Status.SUBMITTED, Status.VERIFIED, Status.REJECTED)
    return insert(
        session,
        Wish,
        campaign_id=place.id,
        community_id=place.other_community_id if elsewhere else place.community_id,
        child_id=place.other_child_id if elsewhere else place.child_id,
        code=f"W{n:06}",
        kind=kind,
        need=need,
        category=category,
        item="书包",
        price_fen=price_fen,
        county_code="330102",
        township_code="330102001",
        status=status,
        created_at=NOW - timedelta(days=9),
        published_at=NOW - timedelta(days=5) if shown else None,
        **more,
    )


def code_of(session: Session, wish_id: int) -> str:
    return str(session.execute(sa.select(Wish.code).where(Wish.id == wish_id)).scalar_one())  # type: ignore[call-overload]


def make_account(session: Session, grants: tuple[Grant, ...] = (), *, now: datetime = NOW) -> int:
    """An account with these roles that signs in with nothing but tokens."""
    account_id = insert(session, Account, login=f"account-{number()}", name="账号", created_at=now)
    for grant in grants:
        grant_role(
            session,
            account_id=account_id,
            role=grant.role,
            now=now,
            campaign_id=grant.campaign_id,
            community_id=grant.community_id,
            branch_id=grant.branch_id,
            volunteer_id=grant.volunteer_id,
        )
    return account_id


def make_token(session: Session, grants: tuple[Grant, ...] = (), *, now: datetime = NOW) -> str:
    """A bearer token, good for ever, of a new account with these roles."""
    return create_token(session, account_id=make_account(session, grants, now=now), name="test", now=now, days=None)


def signed_in(session: Session, actor: Actor) -> Actor:
    """*actor* as somebody with an account and the same roles."""
    return actor_of_account(session, make_account(session, actor.grants))


__all__ = [
    "NOW",
    "Place",
    "code_of",
    "insert",
    "make_account",
    "make_branch",
    "make_campaign",
    "make_token",
    "make_volunteer",
    "make_wish",
    "number",
    "signed_in",
    "wishes",
]
