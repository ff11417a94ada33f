"""A file that names no community is given one by a person, so that no wish of it is where nobody looks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Role, may, require
from wishes.errors import Conflict, Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.files import file_for
from wishes.intake.tables import Community, ImportFile
from wishes.model import table_of

_COMMUNITY, _FILE = table_of(Community), table_of(ImportFile)


def communities_for(session: Session, campaign_id: int, actor: Actor) -> list[tuple[int, str]]:
    """Id and name of the communities that this person may send for: a coordinator all, a social worker their own."""
    require(actor, "intake.send", campaign_id)
    query = sa.select(_COMMUNITY.c.id, _COMMUNITY.c.name).where(_COMMUNITY.c.campaign_id == campaign_id)
    if not may(actor, "campaign.coordinate", campaign_id):
        query = query.where(_COMMUNITY.c.id.in_(actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")))
    return [
        (int(key), str(name))
        for key, name in session.execute(query.order_by(_COMMUNITY.c.township_code, _COMMUNITY.c.name))
    ]


def place_file(session: Session, *, file_id: int, community_id: int, actor: Actor, now: datetime) -> None:
    """Say which community a file is from. What is accepted of it from now on is that community's.

    Raises NotFound, Invalid when the community is not one of this person's, Conflict when the file has another one already.
    """
    file = file_for(session, file_id, actor)
    if community_id not in dict(communities_for(session, file.campaign_id, actor)):
        raise Invalid("community", Text("请从列表里选一个社区。", "Choose a community from the list."))
    placed = session.execute(
        sa.update(_FILE)
        .where(_FILE.c.id == file_id, sa.or_(_FILE.c.community_id.is_(None), _FILE.c.community_id == community_id))
        .values(community_id=community_id)
    )
    if placed.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(file_id=file_id)
    record(
        session,
        action="place_file",
        campaign_id=file.campaign_id,
        now=now,
        actor=actor,
        data={"file_id": file_id, "community_id": community_id},
    )
