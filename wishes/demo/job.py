"""The main job, stage by stage, on the demonstration campaign: from the senders' workbooks to a confirmed hand-over.

Each stage goes through the same verbs as pages and API, acts as the person whose turn it is, and answers its counts. The
campaign is told as the last weeks before *now*: every stage has an instant of its own. Who accepts, declines, forgets or is
late is drawn from a fixed seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, Grant, Role
from wishes.campaigns.loading import load_campaign
from wishes.campaigns.queries import campaign_by_id, campaign_by_slug
from wishes.claims import actions as claims
from wishes.claims.bulk import Tally, each
from wishes.claims.matching import run
from wishes.claims.registers import import_branches, import_members, import_volunteers
from wishes.claims.tables import Volunteer
from wishes.clock import local_day
from wishes.db import Database
from wishes.errors import NotFound
from wishes.events.actions import Moved
from wishes.events.bulk import move_many
from wishes.handover.actions import hand_over, issue_codes
from wishes.handover.keys import signing_keys
from wishes.intake.actions import publish_all, verify_all
from wishes.intake.batch import take_batch
from wishes.intake.reader import files_in, read_files, reader_for
from wishes.intake.store import store_reading
from wishes.intake.tables import ImportFile, Wish
from wishes.intake.wishes import status_counts
from wishes.lifecycle import Kind, Status
from wishes.model import columns
from wishes.protection.keyring import Keyring
from wishes.protection.vault import Vault
from wishes.tracking.reserve import set_reserve

_ImportFile, _Volunteer, _Wish = columns(ImportFile), columns(Volunteer), columns(Wish)
AT_ONCE = 250
RESERVE_COUNT, RESERVE_FEN = 200, 2_000_000
"""What lies in the reserve (应急物资库) for wishes that nobody can fulfil in time."""
SPAN = timedelta(days=50)
"""How far back the story begins."""

Say = Callable[[str], None]


@dataclass
class Story:
    """One telling of the campaign: its tools, the instant it ends, and the counts of each stage so far."""

    database: Database
    keyring: Keyring
    folder: Path
    now: datetime
    say: Say
    campaign_id: int = 0
    counts: dict[str, Any] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(2021))

    def at(self, days: float) -> datetime:
        """The instant *days* after the story's beginning, not later than now."""
        return min(self.now, self.now - SPAN + timedelta(days=days))

    @property
    def coordinator(self) -> Actor:
        return Actor(None, "demo", (Grant(Role.COORDINATOR, self.campaign_id), Grant(Role.SITE_ADMIN)))

    def statuses(self) -> dict[str, int]:
        with self.database.reading() as session:
            return {str(s): n for s, n in status_counts(session, self.campaign_id).items() if n}


def is_loaded(database: Database, slug: str) -> int | None:
    """The campaign's id when its wishes were imported already."""
    try:
        with database.reading() as session:
            campaign_id = campaign_by_slug(session, slug).id or 0
            some = session.execute(sa.select(_ImportFile.id).where(_ImportFile.campaign_id == campaign_id)).first()
    except NotFound:
        return None
    return campaign_id if some else None


# --- until the wishes are proposed --------------------------------------------------------------------------------------


def load(story: Story) -> None:
    """Campaign, places, catalogue; branches, members, volunteers."""
    operator = Actor(None, "demo", (Grant(Role.SITE_ADMIN),))
    with story.database.transaction() as session:
        loaded = load_campaign(session, folder=story.folder, now=story.at(0), actor=operator)
        story.campaign_id = loaded.campaign_id
        registers = {}
        for name, verb in (
            ("branches", import_branches),
            ("members", import_members),
            ("volunteers", import_volunteers),
        ):
            file = story.folder / f"{name}.xlsx"
            done = verb(
                session,
                campaign_id=story.campaign_id,
                data=file.read_bytes(),
                name=file.name,
                now=story.at(0),
                actor=operator,
            )
            registers[name] = done.entries
        set_reserve(
            session, campaign_id=story.campaign_id, pledge_count=RESERVE_COUNT, pledge_fen=RESERVE_FEN,
            actor=story.coordinator, now=story.at(0),
        )  # fmt: skip
    story.counts["loaded"] = {"places": loaded.places.added, "catalogue": loaded.catalogue.added, **registers}
    story.say(
        f"campaign {loaded.slug}: {registers['branches']} branches, {registers['members']} members, {registers['volunteers']} volunteers"
    )


def take_in(story: Story, processes: int) -> None:
    """Read all workbooks, compare them with each other, and store what they hold."""
    with story.database.reading() as session:
        campaign, reader = campaign_by_id(session, story.campaign_id), reader_for(session, story.campaign_id)
    story.database.dispose()  # reading forks, and a connection belongs to one process
    files = files_in([story.folder / "wishes"])
    readings = []
    for number, reading in enumerate(read_files(reader, files, processes=processes), 1):
        readings.append(reading)
        if number % 33 == 0:
            story.say(f"read {number} of {len(files)} workbooks")
    with story.database.reading() as session:
        batch = take_batch(session, Vault(story.keyring), story.campaign_id, readings)
    totals: dict[str, int] = {}
    for reading in batch.readings:
        with story.database.transaction() as session:
            done = store_reading(
                session,
                campaign=campaign,
                reading=reading,
                keyring=story.keyring,
                now=story.at(1),
                actor=story.coordinator,
                kinship=batch.kinship,
            )
        for name in ("read", "accepted", "rejected", "parked", "duplicates", "wishes", "children"):
            totals[name] = totals.get(name, 0) + done.counts.get(name, 0)
    story.counts["imported"] = {"files": len(files), **totals}
    story.say(
        f"imported {totals['read']} wishes: {totals['accepted']} accepted, {totals['rejected']} rejected, {totals['duplicates']} sent twice"
    )


def publish(story: Story, *, first: int | None = None, day: float = 5) -> None:
    """Verify and publish what nothing hinders; only the *first* so many when the campaign is to begin with a part."""
    with story.database.transaction() as session:
        verified = verify_all(session, campaign_id=story.campaign_id, actor=story.coordinator, now=story.at(day - 2))
        if first is None:
            done = publish_all(session, campaign_id=story.campaign_id, actor=story.coordinator, now=story.at(day))
            published, held = len(done.moved), len(done.held)
        else:
            early = [wish.id for wish in standing(session, story, Status.VERIFIED)][:first]
            published, held = (
                len(move_many(session, "publish", wish_ids=early, actor=story.coordinator, now=story.at(day)).moved),
                0,
            )
    story.counts["verified"] = story.counts.get("verified", 0) + len(verified.moved)
    story.counts["published"] = story.counts.get("published", 0) + published
    story.counts["held_back"] = story.counts.get("held_back", 0) + len(verified.held) + held
    story.say(f"verified {len(verified.moved)}, published {published}")


def match_all(story: Story, *, day: float = 6) -> None:
    """Run the engine and write its proposals; nothing to do where no wish is open."""
    if not story.statuses().get(Status.OPEN):
        return
    _, done = run(story.database, campaign_id=story.campaign_id, actor=story.coordinator, now=story.at(day))
    story.counts["matched"] = {
        name: done[name] for name in ("matched", "unmatched", "to_branches", "to_people", "gap", "proposed")
    }
    story.say(f"matched {done['matched']} of {done['wishes']} wishes, proved within {done['gap']:.2%} of the best")


# --- what people do -----------------------------------------------------------------------------------------------------


def answer(story: Story) -> None:
    """Branches and people accept most proposals, decline some, and leave the rest to expire."""
    rows = _wishes(story, Status.PROPOSED)
    story.chance.shuffle(rows)
    accept, decline = int(len(rows) * 0.85), int(len(rows) * 0.07)
    accepted = _act(
        story, rows[:accept], lambda s, w: claims.accept(s, wish_id=w.id, actor=_taker(story, w), now=story.at(7))
    )
    declined = _act(
        story,
        rows[accept : accept + decline],
        lambda s, w: claims.decline(s, wish_id=w.id, actor=_taker(story, w), now=story.at(7), reason="最近没有时间"),
    )
    expired = _act(story, rows[accept + decline :], lambda s, w: claims.expire(s, wish_id=w.id, now=story.at(9)))
    story.counts["answered"] = {
        "accepted": len(accepted.moved),
        "declined": len(declined.moved),
        "expired": len(expired.moved),
        "refused": len(accepted.refused),
    }
    story.say(
        f"{len(accepted.moved)} proposals accepted, {len(declined.moved)} declined, {len(expired.moved)} left to expire"
    )


def browse(story: Story, most: int) -> None:
    """People who browse claim open wishes until their hands or the wishes run out."""
    with story.database.reading() as session:
        people = list(
            session.execute(
                sa.select(_Volunteer.id, _Volunteer.branch_id, _Volunteer.claim_limit - _Volunteer.live_claims)
                .where(
                    _Volunteer.campaign_id == story.campaign_id,
                    _Volunteer.active,
                    _Volunteer.claim_limit > _Volunteer.live_claims,
                )
                .order_by(_Volunteer.id)
            )
        )
    hands = [person for person in people for _ in range(person[2])]
    story.chance.shuffle(hands)
    wishes = [w for w in _wishes(story, Status.OPEN) if w.need == "none"][: min(most, len(hands))]
    paired = dict(zip((w.id for w in wishes), hands, strict=False))

    def take(session: Session, wish: Any) -> Moved:
        volunteer_id, branch_id, _ = paired[wish.id]
        actor = Actor(None, "demo", (Grant(Role.VOLUNTEER, story.campaign_id, volunteer_id=volunteer_id),))
        return claims.claim(
            session, wish_id=wish.id, actor=actor, now=story.at(10), volunteer_id=volunteer_id, branch_id=branch_id
        )

    done = _act(story, wishes, take)
    story.counts["browsed"] = {"claimed": len(done.moved), "refused": len(done.refused)}
    story.say(f"{len(done.moved)} wishes claimed by browsing, {len(done.refused)} refused (pledge used up)")


def carry(story: Story, *, forget: float = 0.04, share: float = 1.0) -> None:
    """Bought or agreed, inspected, sent off; a few takers forget, and their claims stay as they are."""
    held = _wishes(story, Status.CLAIMED)
    story.chance.shuffle(held)
    held = held[int(len(held) * forget) :]
    held = held[: int(len(held) * share)]
    goods, services = [w.id for w in held if w.kind == Kind.GOODS], [w.id for w in held if w.kind == Kind.SERVICE]
    with story.database.transaction() as session:
        bought = move_many(session, "prepare", wish_ids=goods, actor=story.coordinator, now=story.at(14)).moved
        failed = bought[:: max(1, len(bought) // 60)] if len(bought) > 60 else []
        move_many(
            session, "fail_inspection", wish_ids=failed, actor=story.coordinator, now=story.at(16), reason="规格不符"
        )
        move_many(session, "prepare", wish_ids=failed, actor=story.coordinator, now=story.at(20))
        inspected = move_many(session, "inspect", wish_ids=bought, actor=story.coordinator, now=story.at(21)).moved
        sent = move_many(session, "dispatch", wish_ids=inspected, actor=story.coordinator, now=story.at(24)).moved
    day = local_day(story.at(25))
    agreed = _act(story, [w for w in held if w.id in set(services)],
                  lambda s, w: claims.step(s, "schedule", wish_id=w.id, actor=story.coordinator, now=story.at(14), scheduled_on=day))  # fmt: skip
    story.counts["carried"] = {
        "bought": len(bought),
        "failed_inspection": len(failed),
        "inspected": len(inspected),
        "sent_off": len(sent),
        "agreed": len(agreed.moved),
    }
    story.say(f"{len(bought)} bought, {len(sent)} sent off, {len(agreed.moved)} dates agreed")


def deliver(story: Story, share: float = 1.0) -> None:
    """Hand over by both codes, as the taker; then the community records how it was received."""
    signer, keys = signing_keys(story.keyring)
    arriving = _wishes(story, Status.IN_TRANSIT, Status.SCHEDULED)
    arriving = arriving[: int(len(arriving) * share)]

    def scan(session: Session, wish: Any) -> Moved:
        codes = issue_codes(session, wish_id=wish.id, signer=signer, now=story.at(22))
        arrived = story.at(26 + story.chance.random() * 14)
        done = hand_over(session, uid=f"demo-{wish.id:012d}", actor=_taker(story, wish), now=arrived, signer=signer, keys=keys,
                         label=codes.label.text, receipt=codes.receipt.text, scanned_at=arrived)  # fmt: skip
        return Moved(done.hand_over_id, wish.id, story.campaign_id, wish.status, Status.DELIVERED)

    delivered = _act(story, arriving, scan)
    thanked = [m.wish_id for m in delivered.moved if story.chance.random() < 0.7]
    ratings = {wish_id: {"rating": story.chance.choices((5, 4, 3, 2), (70, 22, 6, 2))[0]} for wish_id in thanked}
    with story.database.transaction() as session:
        closed = move_many(
            session, "close", wish_ids=thanked, actor=story.coordinator, now=story.at(44), data=ratings
        ).moved
    story.counts["delivered"] = {
        "handed_over": len(delivered.moved),
        "refused": len(delivered.refused),
        "closed_with_feedback": len(closed),
    }
    story.say(f"{len(delivered.moved)} handed over with both codes, {len(closed)} closed with feedback")


# --- how ----------------------------------------------------------------------------------------------------------------


def _wishes(story: Story, *statuses: Status) -> list[Any]:
    with story.database.reading() as session:
        return standing(session, story, *statuses)


def standing(session: Session, story: Story, *statuses: Status) -> list[Any]:
    """The campaign's wishes in these statuses, by id."""
    return list(
        session.execute(
            sa.select(_Wish.id, _Wish.kind, _Wish.need, _Wish.status, _Wish.taker_branch_id, _Wish.taker_volunteer_id)
            .where(_Wish.campaign_id == story.campaign_id, _Wish.status.in_(statuses))
            .order_by(_Wish.id)
        )
    )


def _taker(story: Story, wish: Any) -> Actor:
    """The person whose turn it is: the volunteer named, else the branch's secretary."""
    if wish.taker_volunteer_id is not None:
        return Actor(None, "demo", (Grant(Role.VOLUNTEER, story.campaign_id, volunteer_id=wish.taker_volunteer_id),))
    return Actor(None, "demo", (Grant(Role.BRANCH_SECRETARY, story.campaign_id, branch_id=wish.taker_branch_id),))


def _act(story: Story, wishes: Sequence[Any], verb: Callable[[Session, Any], Moved]) -> Tally:
    """*verb* for each wish, some hundreds to a transaction."""
    whole = Tally()
    by_id = {wish.id: wish for wish in wishes}
    for ids in _batches(list(by_id)):
        with story.database.transaction() as session:
            tally = each(session, ids, lambda wish_id, session=session: verb(session, by_id[wish_id]))  # type: ignore[misc]
        whole.moved += tally.moved
        whole.refused |= tally.refused
        if len(by_id) > 4 * AT_ONCE and len(whole.moved) % (4 * AT_ONCE) < AT_ONCE:
            story.say(f"… {len(whole.moved) + len(whole.refused)} of {len(by_id)}")
    return whole


def _batches(ids: list[int]) -> Iterator[list[int]]:
    source = iter(ids)
    while chunk := list(islice(source, AT_ONCE)):
        yield chunk
