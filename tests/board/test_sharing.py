"""Read-only links: they show figures to whoever has them, until they expire or are taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW, Place
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.tracking.ledger import Narrow
from wishes.tracking.sharing import revoke, share, shared_view, shared_views
from wishes.tracking.tables import SharedView


def made(database: Database, place: Place, *, days: int = 7) -> str:
    with database.transaction() as session:
        return share(
            session, campaign_id=place.id, label="给捐赠方", narrow=Narrow(county="330102"), days=days,
            actor=place.coordinator, now=NOW,
        )  # fmt: skip


def test_a_link_opens_its_view_until_it_expires(database: Database, place: Place) -> None:
    secret = made(database, place)
    with database.reading() as session:
        view = shared_view(session, secret, campaign_id=place.id, now=NOW + timedelta(days=6))
        assert view.label == "给捐赠方" and view.narrow == Narrow(county="330102")
        with pytest.raises(NotFound):
            shared_view(session, secret, campaign_id=place.id, now=NOW + timedelta(days=7))
        assert shared_views(session, place.id, now=NOW + timedelta(days=8)) == []


def test_a_link_taken_back_opens_nothing(database: Database, place: Place) -> None:
    secret = made(database, place)
    with database.reading() as session:
        view_id = shared_views(session, place.id, now=NOW)[0].id
    for again in (True, False):
        with database.transaction() as session:
            assert revoke(session, campaign_id=place.id, view_id=view_id, actor=place.coordinator, now=NOW) is again
    with database.reading() as session, pytest.raises(NotFound):
        shared_view(session, secret, campaign_id=place.id, now=NOW)


def test_the_secret_is_not_kept_and_no_other_opens_the_view(database: Database, place: Place) -> None:
    secret = made(database, place)
    with database.reading() as session:
        kept = session.execute(sa.select(SharedView.__table__)).mappings().one()  # type: ignore[attr-defined]
        assert secret not in str(dict(kept)) and secret.encode() not in bytes(kept["secret_hash"])
        for wrong in ("", secret[:-1], secret + "x"):
            with pytest.raises(NotFound):
                shared_view(session, wrong, campaign_id=place.id, now=NOW)
        with pytest.raises(NotFound):
            shared_view(session, secret, campaign_id=place.id + 1, now=NOW)


def test_only_coordinators_share_and_never_for_ever(database: Database, place: Place) -> None:
    for days in (0, 366):
        with pytest.raises(Invalid):
            made(database, place, days=days)
    with pytest.raises(Forbidden), database.transaction() as session:
        share(session, campaign_id=place.id, label="", narrow=Narrow(), days=7, actor=place.secretary, now=NOW)
