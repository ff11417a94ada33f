"""The warehouse of the demonstration: something to do at every step."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col

from tests.custody.conftest import claimed, crew_of
from tests.factories import NOW, make_campaign
from wishes.custody.queries import first_looks
from wishes.custody.stock import boxes, shipments
from wishes.db import Database
from wishes.demo.job import Story
from wishes.demo.warehouse import fill_warehouse
from wishes.intake.tables import Wish
from wishes.protection.keyring import create_keyring
from wishes.settings import Settings


def test_things_wait_for_a_first_look_a_second_a_box_and_a_load(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        crew = crew_of(session, make_campaign(session))
        ids = [claimed(session, crew) for _ in range(18)]
    story = Story(
        database, create_keyring(settings.keys_dir), Path(), NOW + timedelta(days=60), print, campaign_id=crew.place.id
    )
    looking = [crew.inspector.account_id, crew.other.account_id]
    fill_warehouse(story, looking=[one for one in looking if one is not None])
    with database.reading() as session:
        status = session.execute(sa.select(col(Wish.status)).where(col(Wish.id).in_(ids))).scalars()
        assert Counter(map(str, status)) == {"claimed": 9, "ready": 6, "inspected": 3}
        assert len(first_looks(session, ids)) == 3
        assert [box.things for box in boxes(session, crew.place.id)] == [3]
        [shipment] = shipments(session, crew.place.id)
        assert shipment.left_at is None and shipment.boxes == 1
