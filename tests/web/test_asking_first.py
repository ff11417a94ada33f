"""What takes something from somebody is asked once more, with a reason; and lists offer only what the person may do."""

from __future__ import annotations

import re

from flask import Flask

from tests.factories import Place, make_wish
from tests.web.people import Person
from wishes.access import Role
from wishes.db import Database
from wishes.intake.tables import Wish
from wishes.lifecycle import Status


def state(database: Database, wish_id: int) -> Status:
    with database.reading() as session:
        found = session.get(Wish, wish_id)
        assert found is not None
        return found.status


def offered(page: str) -> set[str]:
    return set(re.findall(r'name="action" value="(\w+)"', page))


def test_many_are_cancelled_only_with_a_reason(app: Flask, database: Database, place: Place) -> None:
    with database.transaction() as session:
        wish_id = make_wish(session, place)
    coordinator, page = Person(app, place.coordinator.grants), f"/c/{place.slug}/wishes?status=open&category=study"
    assert "不能恢复" in coordinator.get(page).text
    back = coordinator.post(page, page, action="cancel", ids=str(wish_id), reason=" ")
    assert state(database, wish_id) is Status.OPEN
    assert back.location == page, "the filters are kept"
    assert "请写明原因" in coordinator.get(page).text
    coordinator.post(page, page, action="cancel", ids=str(wish_id), reason="孩子已搬走")
    assert state(database, wish_id) is Status.CANCELLED


def test_a_courier_is_offered_what_a_courier_may_do(app: Flask, database: Database, place: Place) -> None:
    with database.transaction() as session:
        on_its_way = make_wish(session, place, status=Status.IN_TRANSIT)
        make_wish(session, place, status=Status.READY)
    courier, at = Person(app, (place.grant(Role.COURIER),)), f"/c/{place.slug}/rounds"
    first = courier.get(at).text
    assert "无法送达" in first and offered(first) == {"undeliverable"}, "what is on its way comes first"
    ready = courier.get(f"{at}?status=ready").text
    assert not offered(ready) and "/rounds/check/" not in ready and "打印标签" not in ready
    inspector = Person(app, (place.grant(Role.INSPECTOR),)).get(at).text
    assert offered(inspector) == {"inspect", "fail_inspection"} and "/rounds/check/" in inspector
    courier.post(at, at, action="undeliverable", ids=str(on_its_way), status="in_transit")
    assert state(database, on_its_way) is Status.IN_TRANSIT, "without a reason nothing goes back"
    courier.post(at, at, action="undeliverable", ids=str(on_its_way), status="in_transit", reason="没有人在家")
    assert state(database, on_its_way) is Status.INSPECTED
