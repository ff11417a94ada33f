"""The record as the auditor searches it: who did what, to which wish or child, when, and why. No identity stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.clock import start_of_day
from wishes.events.tables import Event
from wishes.intake.tables import Child, Wish
from wishes.model import table_of
from wishes.people.tables import Account, RoleGrant
from wishes.protection.tables import AuditEntry, AuditLink

_EVENT, _ENTRY, _LINK = table_of(Event), table_of(AuditEntry), table_of(AuditLink)
_ACCOUNT, _CHILD, _WISH, _GRANT = table_of(Account), table_of(Child), table_of(Wish), table_of(RoleGrant)
_WHOM = _ACCOUNT.alias("whom")
Source = Literal["event", "entry"]


@dataclass(frozen=True, slots=True)
class Sought:
    """What the record is narrowed to; empty values do not narrow. ``child`` is an alias, ``since`` and ``until`` are days."""

    who: str = ""
    what: str = ""
    wish: str = ""
    child: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the record. ``whom``: whose role, password, second step … was changed, and ``role`` which role. ``seq`` is its place in
    the chain, None while it is not sealed."""

    id: int
    what: str
    who: str
    whom: str
    role: str
    wish_code: str
    child: str
    fields: list[str]
    reason: str
    old: str
    new: str
    request_id: str
    recorded_at: datetime
    seq: int | None


def search(
    session: Session,
    campaign_id: int,
    source: Source,
    sought: Sought,
    *,
    actor: Actor,
    before: int | None = None,
    limit: int = 50,
) -> list[Line]:
    """The newest rows first, *limit* of them before the id *before*: the campaign's, and what was done to the accounts of people with a
    role in it or to the installation. Raises Forbidden."""
    require(actor, "audit.view", campaign_id)
    table = _EVENT if source == "event" else _ENTRY
    what = table.c.action if source == "event" else table.c.kind
    child_id = _WISH.c.child_id if source == "event" else sa.func.coalesce(_ENTRY.c.child_id, _WISH.c.child_id)
    empty = sa.literal("")
    query: Any = (
        sa.select(
            table.c.id,
            what.label("what"),
            _ACCOUNT.c.name,
            _ACCOUNT.c.login,
            (empty if source == "event" else _WHOM.c.name).label("whom"),
            (empty if source == "event" else _WHOM.c.login).label("whom_login"),
            (sa.null() if source == "event" else _ENTRY.c.data).label("data"),
            _WISH.c.code,
            _CHILD.c.alias,
            (sa.null() if source == "event" else _ENTRY.c.fields).label("fields"),
            table.c.reason,
            (table.c.old_status if source == "event" else empty).label("old"),
            (table.c.new_status if source == "event" else empty).label("new"),
            table.c.request_id,
            table.c.recorded_at,
            _LINK.c.seq,
        )
        .outerjoin(_ACCOUNT, _ACCOUNT.c.id == table.c.actor_id)
        .outerjoin(_WISH, _WISH.c.id == table.c.wish_id)
        .outerjoin(_CHILD, _CHILD.c.id == child_id)
        .outerjoin(_LINK, sa.and_(_LINK.c.source == source, _LINK.c.row_id == table.c.id))
        .where(_of_campaign(table, campaign_id), *_conditions(session, campaign_id, table, what, child_id, sought))
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    if source == "entry":
        query = query.outerjoin(_WHOM, _WHOM.c.id == _ENTRY.c.account_id)
    if before is not None:
        query = query.where(table.c.id < before)
    return [
        Line(
            row.id, row.what, _called(row.name, row.login), _called(row.whom, row.whom_login),
            str((row.data or {}).get("role", "")), row.code or "", row.alias or "", row.fields or [],
            row.reason, row.old or "", row.new or "", row.request_id, row.recorded_at, row.seq,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def _called(name: str | None, login: str | None) -> str:
    return f"{name} ({login})" if login else ""


def _of_campaign(table: sa.Table, campaign_id: int) -> Any:
    """The campaign's own rows; of those that belong to none, what concerns the installation or somebody with a role here."""
    own = table.c.campaign_id == campaign_id
    if table is not _ENTRY:
        return own
    here = sa.select(_GRANT.c.account_id).where(_GRANT.c.campaign_id == campaign_id)
    general = sa.and_(
        table.c.campaign_id.is_(None),
        sa.or_(table.c.account_id.in_(here), table.c.kind.in_(("settings", "rotate_keys"))),
    )
    return sa.or_(own, general)


def _conditions(
    session: Session, campaign_id: int, table: sa.Table, what: Any, child_id: Any, sought: Sought
) -> list[Any]:
    """Names are looked up first: the record itself is then searched by numbers alone."""
    found: list[Any] = []
    if who := sought.who.strip():
        alike = sa.or_(_ACCOUNT.c.login == who.lower(), _ACCOUNT.c.name.contains(who, autoescape=True))
        accounts = session.execute(sa.select(_ACCOUNT.c.id).where(alike)).scalars().all()
        did = table.c.actor_id.in_(accounts)
        found.append(did if table is _EVENT else sa.or_(did, table.c.account_id.in_(accounts)))
    if sought.what:
        found.append(what == sought.what)
    if code := sought.wish.strip().upper():
        wishes = session.execute(
            sa.select(_WISH.c.id).where(_WISH.c.campaign_id == campaign_id, _WISH.c.code == code)
        ).scalars()
        found.append(table.c.wish_id.in_(wishes.all()))
    if alias := sought.child.strip():
        children = session.execute(
            sa.select(_CHILD.c.id).where(_CHILD.c.campaign_id == campaign_id, _CHILD.c.alias == alias)
        ).scalars()
        found.append(child_id.in_(children.all()))
    if sought.since is not None:
        found.append(table.c.recorded_at >= start_of_day(sought.since))
    if sought.until is not None:
        found.append(table.c.recorded_at < start_of_day(sought.until + timedelta(days=1)))
    return found


def actions_seen(session: Session, campaign_id: int, source: Source) -> list[str]:
    """The actions that occur in the campaign's record, for the filter."""
    table = _EVENT if source == "event" else _ENTRY
    what = table.c.action if source == "event" else table.c.kind
    return sorted(session.execute(sa.select(what).distinct().where(_of_campaign(table, campaign_id))).scalars())
