"""``microwish users``: accounts, roles, passwords, tokens."""

from __future__ import annotations

import secrets
from typing import Any

import click
import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Role
from wishes.campaigns.queries import campaign_by_slug
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.errors import NotFound
from wishes.intake.tables import Community
from wishes.model import columns
from wishes.people import actions, queries
from wishes.people.tables import Account, RoleGrant

_Account = columns(Account)
_Branch = columns(Branch)
_Community = columns(Community)
_RoleGrant = columns(RoleGrant)
_Volunteer = columns(Volunteer)

_as_json = click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
_ROLES = click.Choice([role.value for role in Role])


@click.group()
def users() -> None:
    """账号与角色。Accounts and roles."""


@users.command()
@click.argument("login")
@click.option("--name", required=True, help="Name shown to others.")
@click.option("--password", help="At least 10 characters; made up and printed when left out.")
@_as_json
@click.pass_obj
def add(edge: Edge, login: str, name: str, password: str | None, as_json: bool) -> None:
    """Make an account that signs in as LOGIN (phone, e-mail or a name)."""
    chosen = password or secrets.token_urlsafe(12)
    with edge.database.transaction() as session:
        account_id = actions.create_account(session, login=login, name=name, password=chosen, now=utc_now())
    edge.emit({"id": account_id, "login": login, "password": chosen if password is None else None}, as_json)


@users.command()
@click.argument("login")
@click.argument("role", type=_ROLES)
@click.option("--campaign", "slug", help="The campaign the role is for; without it the whole site.")
@click.option("--community", help="Township code or name, for a social worker.")
@click.option("--branch", help="Name of the branch, for its secretary.")
@click.option("--volunteer", help="Number in the register, for a volunteer.")
@click.pass_obj
def grant(
    edge: Edge,
    login: str,
    role: str,
    slug: str | None,
    community: str | None,
    branch: str | None,
    volunteer: str | None,
) -> None:
    """Give LOGIN the role ROLE."""
    with edge.database.transaction() as session:
        account_id = _account(session, login)
        campaign_id = campaign_by_slug(session, slug).id if slug else None
        actions.grant_role(
            session,
            account_id=account_id,
            role=Role(role),
            campaign_id=campaign_id,
            now=utc_now(),
            community_id=_community(session, campaign_id, community) if community else None,
            branch_id=_one(session, _Branch, _Branch.name, campaign_id, branch) if branch else None,
            volunteer_id=_one(session, _Volunteer, _Volunteer.code, campaign_id, volunteer) if volunteer else None,
        )
    edge.progress(f"{login}: {role}")


@users.command()
@click.argument("login")
@click.argument("role", type=_ROLES)
@click.option("--campaign", "slug", help="The campaign the role was for; without it the whole site.")
@click.pass_obj
def revoke(edge: Edge, login: str, role: str, slug: str | None) -> None:
    """Take the role ROLE from LOGIN, in all its communities and branches, with effect at once."""
    with edge.database.transaction() as session:
        campaign_id = campaign_by_slug(session, slug).id if slug else None
        where = _RoleGrant.campaign_id.is_(None) if campaign_id is None else _RoleGrant.campaign_id == campaign_id
        grants = session.execute(
            sa.select(_RoleGrant.id).where(
                _RoleGrant.account_id == _account(session, login), _RoleGrant.role == Role(role), where
            )
        ).scalars()
        found = list(grants)
        if not found:
            raise NotFound("这个角色", "role")
        for grant_id in found:
            actions.revoke_role(session, grant_id=grant_id, now=utc_now())
    edge.progress(f"{login}: {role} ×{len(found)} revoked")


@users.command()
@click.argument("login")
@click.argument("new")
@click.pass_obj
def rename(edge: Edge, login: str, new: str) -> None:
    """Let the account of LOGIN sign in as NEW from now on: another phone, e-mail address or name."""
    with edge.database.transaction() as session:
        actions.set_login(session, account_id=_account(session, login), login=new, now=utc_now())
    edge.progress(f"{login} → {new}")


@users.command("list")
@click.option("--campaign", "slug", help="Only those with a role in this campaign.")
@_as_json
@click.pass_obj
def list_users(edge: Edge, slug: str | None, as_json: bool) -> None:
    """Who may sign in, with their roles."""
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id if slug else None
        query: Any = sa.select(_Account.login, _Account.name, _Account.active, _RoleGrant.role).outerjoin(
            _RoleGrant, _RoleGrant.account_id == _Account.id
        )
        if campaign_id:
            query = query.where(_RoleGrant.campaign_id == campaign_id)
        found: dict[str, dict[str, Any]] = {}
        for login, name, active, role in session.execute(query.order_by(_Account.login)):
            entry = found.setdefault(login, {"login": login, "name": name, "active": active, "roles": []})
            if role:
                entry["roles"].append(str(role))
    edge.emit(list(found.values()), as_json)


@users.command()
@click.argument("login")
@click.option("--password", help="Made up and printed when left out.")
@click.pass_obj
def password(edge: Edge, login: str, password: str | None) -> None:
    """Set a new password; every browser of the account is signed out."""
    chosen = password or secrets.token_urlsafe(12)
    with edge.database.transaction() as session:
        actions.set_password(session, account_id=_account(session, login), password=chosen, now=utc_now())
    click.echo(chosen if password is None else "ok")


@users.command()
@click.argument("login")
@click.option("--close/--reopen", default=True)
@click.pass_obj
def access(edge: Edge, login: str, close: bool) -> None:
    """Close or reopen an account, with effect at once."""
    with edge.database.transaction() as session:
        actions.set_active(session, account_id=_account(session, login), active=not close, now=utc_now())
    edge.progress(f"{login}: {'closed' if close else 'open'}")


@users.command()
@click.argument("login")
@click.option("--name", default="API", help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 3650), default=90)
@click.pass_obj
def token(edge: Edge, login: str, name: str, days: int) -> None:
    """Make an API token; it is printed once and stored only as its hash."""
    with edge.database.transaction() as session:
        click.echo(
            actions.create_token(session, account_id=_account(session, login), name=name, now=utc_now(), days=days)
        )


def _account(session: Session, login: str) -> int:
    found = queries.account_by_login(session, login)
    if found is None:
        raise NotFound("这个账号", "account")
    return found


def _community(session: Session, campaign_id: int | None, words: str) -> int:
    found = session.execute(
        sa.select(_Community.id)
        .where(
            _Community.campaign_id == campaign_id, sa.or_(_Community.township_code == words, _Community.name == words)
        )
        .order_by(_Community.id)
    ).scalar()
    if found is None:
        raise NotFound("这个社区", "community")
    return int(found)


def _one(session: Session, table: Any, column: Any, campaign_id: int | None, value: str) -> int:
    found = session.execute(sa.select(table.id).where(table.campaign_id == campaign_id, column == value)).scalar()
    if found is None:
        raise NotFound("名册里的这一条", "entry of the register")
    return int(found)


COMMANDS: list[click.Command] = [users]
