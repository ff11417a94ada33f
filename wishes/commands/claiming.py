"""``microwish claim``: take an open wish for a volunteer or a branch, say for somebody who called."""

from __future__ import annotations

import click
import sqlalchemy as sa
from sqlmodel import Session, col

from wishes.access import Actor, Grant, Role
from wishes.campaigns.queries import campaign_by_slug
from wishes.claims.actions import claim as take_wish
from wishes.claims.tables import Branch, Volunteer
from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.errors import NotFound
from wishes.intake.wishes import wish_by_code
from wishes.people.tables import RoleGrant


@click.command()
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option("--wish", "code", required=True, help="The wish's code.")
@click.option("--volunteer", help="Code of the volunteer who takes it.")
@click.option("--branch", help="Name of the branch that takes it.")
@click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
@click.pass_obj
def claim(edge: Edge, slug: str, code: str, volunteer: str | None, branch: str | None, as_json: bool) -> None:
    """认领一个心愿。Claim an open wish for a volunteer or a branch; every check and limit holds."""
    if (volunteer is None) == (branch is None):
        raise click.UsageError("Name either --volunteer CODE or --branch NAME.")
    with edge.database.transaction() as session:
        campaign_id = campaign_by_slug(session, slug).id or 0
        wish = wish_by_code(session, campaign_id, code)
        if volunteer is not None:
            volunteer_id = _volunteer(session, campaign_id, volunteer)
            actor = _on_behalf(session, Grant(Role.VOLUNTEER, campaign_id, volunteer_id=volunteer_id))
            done = take_wish(session, wish_id=wish.id, actor=actor, now=utc_now(), volunteer_id=volunteer_id)
        else:
            branch_id = _branch(session, campaign_id, branch or "")
            actor = _on_behalf(session, Grant(Role.BRANCH_SECRETARY, campaign_id, branch_id=branch_id))
            done = take_wish(session, wish_id=wish.id, actor=actor, now=utc_now(), branch_id=branch_id)
    taker = {"volunteer": volunteer} if volunteer is not None else {"branch": branch}
    edge.emit(
        {"campaign": slug, "wish": wish.code, "status": str(done.new), **taker, "event_id": done.event_id}, as_json
    )


def _volunteer(session: Session, campaign_id: int, code: str) -> int:
    found = session.execute(
        sa.select(col(Volunteer.id)).where(
            col(Volunteer.campaign_id) == campaign_id, col(Volunteer.code) == code.strip().upper()
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("这位志愿者", "volunteer")
    return int(found)


def _branch(session: Session, campaign_id: int, name: str) -> int:
    found = session.execute(
        sa.select(col(Branch.id)).where(col(Branch.campaign_id) == campaign_id, col(Branch.name) == name.strip())
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("这个支部", "branch")
    return int(found)


def _on_behalf(session: Session, grant: Grant) -> Actor:
    """The taker themselves, with their account's id if they have one, and with no right but to claim for themselves."""
    account_id = session.execute(
        sa.select(col(RoleGrant.account_id))
        .where(
            col(RoleGrant.role) == grant.role,
            col(RoleGrant.campaign_id) == grant.campaign_id,
            col(RoleGrant.volunteer_id).is_not_distinct_from(grant.volunteer_id),
            col(RoleGrant.branch_id).is_not_distinct_from(grant.branch_id),
        )
        .order_by(col(RoleGrant.id))
        .limit(1)
    ).scalar_one_or_none()
    return Actor(account_id, "command line", (grant,))


COMMANDS: list[click.Command] = [claim]
