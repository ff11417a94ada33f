"""Who may receive instead: listed by the community or the guardian, told to who brings it when it is near, gone with the child."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.factories import NOW
from tests.handover.scans import ScanWorld, report
from tests.protection.world import LATER, WISH, Kid, World
from tests.web.people import Person, app_of
from wishes.access import NOBODY, SYSTEM, Actor, Role
from wishes.errors import Invalid, NotFound
from wishes.events.tables import Event
from wishes.handover.authorised import MOST, list_receiver, receivers_of, withdraw_receiver
from wishes.handover.queries import record_of
from wishes.handover.receivers import receiver_name
from wishes.handover.tables import AuthorisedReceiver, Scan
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.anonymising import anonymise
from wishes.protection.erasing import erase_child
from wishes.protection.guardians import correct_identity, make_link, open_link
from wishes.protection.rotation import rotate
from wishes.protection.tables import AuditEntry

RECEIVER, ENTRY, SCAN, EVENT = (table_of(m) for m in (AuthorisedReceiver, AuditEntry, Scan, Event))
NAME, PHONE = "测代收", "13900001234"


def listed(world: World, kid: Kid, name: str = NAME, *, actor: Actor | None = None, phone: str = PHONE) -> int:
    with world.database.transaction() as session:
        return list_receiver(
            session, child_id=kid.id, name=name, relation="neighbour", phone=phone, vault=world.vault,
            actor=world.worker if actor is None else actor, now=NOW,
        )  # fmt: skip


def names(world: World, kid: Kid) -> list[str]:
    with world.database.reading() as session:
        return [each.name for each in receivers_of(session, kid.id, vault=world.vault)]


def test_the_community_lists_somebody_under_seal_and_on_record(world: World) -> None:
    kid = world.kid()
    first = listed(world, kid)
    assert listed(world, kid, " 测代收 ") == first, "the same person twice is one entry"
    [row] = world.rows(sa.select(RECEIVER))
    assert NAME.encode() not in bytes(row.told) and PHONE.encode() not in bytes(row.told)
    assert row.listed_by == world.worker.account_id
    [entry] = world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "receiver"))
    assert entry.child_id == kid.id and entry.fields == ["name", "phone"] and NAME not in str(entry)
    with world.database.transaction() as session:
        assert withdraw_receiver(session, child_id=kid.id, receiver_id=first, actor=world.worker, now=LATER)
        assert not withdraw_receiver(session, child_id=kid.id, receiver_id=first, actor=world.worker, now=LATER)
        assert receivers_of(session, kid.id, vault=world.vault) == []
        assert [one.id for one in receivers_of(session, kid.id, vault=None, at=NOW)] == [first]


def test_a_list_is_short_and_an_entry_is_whole(world: World) -> None:
    kid = world.kid()
    for bad in ({"name": "测"}, {"name": "测代收", "phone": "12"}, {"name": "测代收", "phone": "没有"}):
        with pytest.raises(Invalid):
            listed(world, kid, **bad)
    for n in range(MOST):
        listed(world, kid, f"测代收{n}", phone="")
    with pytest.raises(Invalid) as full:
        listed(world, kid, "测代收多")
    assert str(MOST) in full.value.say("zh")


def test_nobody_lists_for_a_child_of_another_community_or_for_one_that_is_erased(world: World) -> None:
    elsewhere, gone = world.kid(elsewhere=True), world.kid()
    entry = listed(world, elsewhere, actor=world.coordinator)
    with pytest.raises(NotFound):
        listed(world, elsewhere)
    with pytest.raises(NotFound), world.database.transaction() as session:
        withdraw_receiver(session, child_id=elsewhere.id, receiver_id=entry, actor=world.worker, now=NOW)
    with pytest.raises(NotFound), world.database.transaction() as session:
        withdraw_receiver(session, child_id=gone.id, receiver_id=entry, actor=world.worker, now=NOW)
    with world.database.transaction() as session:
        erase_child(
            session, child_id=gone.id, cause="guardian", keyring=world.keyring, originals=world.originals, actor=world.worker,
            now=LATER,
        )  # fmt: skip
    with pytest.raises(NotFound):
        listed(world, gone)


def test_who_was_listed_is_gone_with_the_child_and_with_the_campaign(world: World) -> None:
    kid, other = world.kid(), world.kid()
    listed(world, kid), listed(world, other, "测代另")
    with world.database.transaction() as session:
        erase_child(
            session, child_id=kid.id, cause="guardian", keyring=world.keyring, originals=world.originals, actor=world.worker,
            now=LATER,
        )  # fmt: skip
    assert names(world, kid) == [] and names(world, other) == ["测代另"]
    with world.database.transaction() as session:  # a free word that names them goes, too
        session.execute(
            sa.insert(EVENT).values(
                campaign_id=world.place.id,
                action="attempt",
                reason="交给测代另了",
                data={},
                occurred_at=NOW,
                recorded_at=NOW,
            )
        )
    anonymise(
        world.database,
        campaign_id=world.place.id,
        keyring=world.keyring,
        originals=world.originals,
        actor=SYSTEM,
        now=LATER,
    )
    assert world.rows(sa.select(RECEIVER.c.told)) == [(None,), (None,)]
    assert not [reason for (reason,) in world.rows(sa.select(EVENT.c.reason)) if "测代另" in reason]


def test_new_keys_and_a_corrected_identity_leave_the_list_and_the_receipts_readable(
    world: World, tmp_path: Path
) -> None:
    scans = ScanWorld(world.database, world.place, world.keyring)
    codes, courier = scans.parcel(), scans.courier()
    kid = world.kid()
    with world.database.transaction() as session:
        session.execute(sa.update(WISH).where(WISH.c.id == codes.wish_id).values(child_id=kid.id))
    listed(world, kid)
    hour = timedelta(hours=1)
    evidence = {"receiver": "authorised", "receiver_name": NAME}
    assert scans.one(courier, report(codes, at=NOW + hour, evidence=evidence), later=2 * hour) == ("accepted", "")
    with world.database.transaction() as session:
        correct_identity(
            session, child_id=kid.id, changes={"village": "新村"}, keyring=world.keyring, actor=world.worker, now=LATER,
            reason="搬家",
        )  # fmt: skip
    done = rotate(world.database, world.settings.keys_dir, actor=SYSTEM, now=LATER, patience=5)
    assert done.rewrapped["authorised_receiver.told"] == 1 and not done.broken
    assert names(world, kid) == [NAME]
    with world.database.reading() as session:
        [scan] = record_of(session, codes.wish_id).scans
        assert receiver_name(session, scan, kid.id, vault=world.vault) == NAME


def test_a_hand_over_says_whether_its_receiver_was_listed_beforehand_or_named_then(world: World) -> None:
    scans, hour = ScanWorld(world.database, world.place, world.keyring), timedelta(hours=1)
    kid = world.kid()
    entry = listed(world, kid)
    with world.database.transaction() as session:
        withdrawn = list_receiver(
            session, child_id=kid.id, name="测代前", relation="relative", vault=world.vault, actor=world.worker, now=NOW
        )
        withdraw_receiver(session, child_id=kid.id, receiver_id=withdrawn, actor=world.worker, now=NOW + 2 * hour)
    told = []
    # by the time of the hand-over, not of its arrival here: it may come late
    for name, at in ((NAME, 1), ("测 代 收", 1), ("测代前", 1), ("测代前", 3), ("测代外", 1), ("", 1)):
        codes = scans.parcel()
        with world.database.transaction() as session:
            session.execute(sa.update(WISH).where(WISH.c.id == codes.wish_id).values(child_id=kid.id))
        sent = report(codes, at=NOW + at * hour, evidence={"receiver": "authorised", "receiver_name": name})
        assert scans.one(scans.courier(), sent, later=6 * hour) == ("accepted", "")
        told.append(scans.scans()[-1].receiver_id)
    assert told == [entry, entry, withdrawn, None, None, None]


class Site:
    """The world at browsers, with a parcel on its way to a child."""

    def __init__(self, world: World) -> None:
        self.world, self.place, app = world, world.place, app_of(world.settings)
        self.worker = Person(app, (self.place.grant(Role.SOCIAL_WORKER, community_id=self.place.community_id),))
        self.coordinator = Person(app, (self.place.grant(Role.COORDINATOR),))
        self.courier = Person(app, (self.place.grant(Role.COURIER),))
        self.taker = Person(app, (self.place.grant(Role.VOLUNTEER, volunteer_id=self.place.volunteer_id),))
        self.others = [
            Person(app, (self.place.grant(role, **narrowed),))
            for role, narrowed in (
                (Role.AUDITOR, {}), (Role.INSPECTOR, {}), (Role.BRANCH_SECRETARY, {"branch_id": self.place.branch_id}),
                (Role.SOCIAL_WORKER, {"community_id": self.place.other_community_id}),
            )
        ]  # fmt: skip
        self.nobody = Person(app)

    def parcel(self, status: Status) -> tuple[Kid, str, str]:
        """A child, the page of its wish, and the page of who may receive."""
        kid = self.world.kid(status=status, taker_volunteer_id=self.place.volunteer_id)
        wish = f"/c/{self.place.slug}/wishes/{self.world.wish(kid).code}"
        return kid, wish, f"{wish}/receivers"


def test_the_social_worker_lists_and_who_brings_it_learns_the_name_alone_when_it_is_near(world: World) -> None:
    site = Site(world)
    kid, wish, page = site.parcel(Status.IN_TRANSIT)
    refused = site.worker.post(page, page, receiver_name="测", receiver_relation="neighbour")
    assert refused.status_code == 422 and "代收人姓名" in refused.text
    site.worker.post(page, page, receiver_name=NAME, receiver_relation="neighbour", receiver_phone=PHONE)
    assert NAME in site.worker.get(page).text and PHONE in site.worker.get(page).text
    assert (
        page in site.worker.get(wish).text and page in site.courier.get(wish).text and page in site.taker.get(wish).text
    )
    for person in (site.courier, site.taker):
        told = person.get(page).text
        assert NAME in told and "邻居" in told and PHONE not in told and kid.name not in told
        assert "<form" not in told.split("<main")[1].split("</main")[0]
        assert NAME not in person.get(wish).text
    assert NAME not in site.coordinator.get(page).text, "a coordinator asks first"
    for person in site.others:
        assert person.get(page).status_code in (403, 404)
    assert site.nobody.get(page).status_code in (302, 401)
    looks = world.rows(sa.select(ENTRY.c.fields).where(ENTRY.c.kind == "look"))
    assert looks and {tuple(fields) for (fields,) in looks} == {("receiver",)}
    [receiver_id] = (row.id for row in world.rows(sa.select(RECEIVER.c.id)))
    for person in (site.courier, site.taker):
        token = re.search(r'name="csrf_token" value="([^"]+)"', person.get("/account").text)
        assert token is not None
        end = person.client.post(f"{page}/{receiver_id}/end", data={"csrf_token": token[1]})
        assert end.status_code == 403
    site.worker.post(f"{page}/{receiver_id}/end", page)
    assert NAME not in site.worker.get(page).text and NAME not in site.courier.get(page).text


@pytest.mark.parametrize("status", [Status.CLAIMED, Status.READY, Status.INSPECTED, Status.DELIVERED, Status.CLOSED])
def test_before_it_leaves_and_after_it_arrived_who_brings_it_learns_no_name(world: World, status: Status) -> None:
    site = Site(world)
    kid, wish, page = site.parcel(status)
    listed(world, kid)
    for person in (site.courier, site.taker):
        assert person.get(page).status_code == 403
        answer = person.get(wish)
        assert NAME not in answer.text and "/receivers" not in answer.text


def test_a_guardian_lists_by_their_own_link_and_takes_it_back(world: World) -> None:
    site, kid = Site(world), world.kid()
    with world.database.transaction() as session:
        secret = make_link(session, child_id=kid.id, keyring=world.keyring, actor=world.worker, now=NOW + timedelta(0))
        row = session.execute(sa.text("SELECT max(id) FROM guardian_link")).scalar_one()
        session.execute(
            sa.text("UPDATE guardian_link SET expires_at = '2099-01-01 00:00:00' WHERE id = :id"), {"id": row}
        )
        assert open_link(session, secret, now=LATER).child_id == kid.id
    page, guest = f"/g/{secret}", site.nobody
    assert guest.client.post(f"{page}/receivers", data={"receiver_name": NAME}).status_code in (400, 404)
    guest.post(f"{page}/open", page, digits=kid.phone[-4:])
    refused = guest.post(f"{page}/receivers", page, receiver_name=NAME, receiver_relation="nobody")
    assert refused.status_code == 422 and NAME in refused.text, "what was typed comes back"
    guest.post(f"{page}/receivers", page, receiver_name=NAME, receiver_relation="relative", receiver_phone=PHONE)
    assert names(world, kid) == [NAME] and "监护人本人" in guest.get(page).text
    [entry] = world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "receiver"))
    assert (entry.actor_id, entry.reason) == (NOBODY.account_id, "guardian")
    [row] = world.rows(sa.select(RECEIVER))
    guest.post(f"{page}/receivers/{row.id}/end", page)
    assert names(world, kid) == []
    foreign = listed(world, world.kid())
    assert guest.post(f"{page}/receivers/{foreign}/end", page).status_code == 404
