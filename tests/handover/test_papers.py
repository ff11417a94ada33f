"""Print runs: all of it is printed, by one process, for one person, and nothing secret stays behind."""

from __future__ import annotations

import io
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlmodel import col

from tests.factories import NOW, Place, insert, make_account
from tests.web.people import Person, grants_of
from wishes.access import NOBODY, Actor, Grant, Role
from wishes.claims.tables import Claim
from wishes.cli import Workbench, cli
from wishes.clock import utc_now
from wishes.custody.tables import Box
from wishes.custody.tables import Parcel as PackedParcel
from wishes.db import Database
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.feedback.actions import Said, decide_thanks, give_feedback
from wishes.feedback.links import open_code
from wishes.handover.keys import signing_keys
from wishes.handover.label_issue import issue_many
from wishes.handover.paper import Press, order_of, print_order, village_code
from wishes.handover.round_sheet import Parcel, Stop, Village, write_round_sheets
from wishes.handover.tables import Label
from wishes.handover.thanks_cards import Card, write_thanks_cards
from wishes.handover.tokens import human_code
from wishes.intake.sealing import seal_identity
from wishes.intake.tables import Child, Wish
from wishes.intake.wishes import Filter, list_wishes
from wishes.lifecycle import Status
from wishes.printing.actions import KEPT_FOR, MOST_ATTEMPTS, forget_papers, order_papers, print_queue
from wishes.printing.queries import jobs_of, paper_of
from wishes.printing.tables import DRAWER, PrintJob
from wishes.protection.keyring import Keyring, Purpose, read_keyring
from wishes.protection.rotation import rotate
from wishes.protection.vault import Vault
from wishes.settings import Settings

from .paper import decoded, page_count, rendered, text_layer
from .papers import held_wishes


@pytest.fixture
def ring(app: Flask, settings: Settings) -> Keyring:
    return read_keyring(settings.keys_dir)


@pytest.fixture
def press(database: Database, settings: Settings, ring: Keyring) -> Press:
    return Press(database, ring, settings, NOW)


@pytest.fixture
def coordinator(database: Database, place: Place) -> Actor:
    grant = place.grant(Role.COORDINATOR)
    with database.transaction() as session:
        return Actor(make_account(session, (grant,)), "coordinator", (grant,))


def test_a_run_is_never_cut_short(press: Press, place: Place) -> None:
    held_wishes(press.database, place, 1_300)
    out, told = io.BytesIO(), list[int]()
    assert print_order(press, place.id, order_of("labels"), out, progress=told.append) == 1_300
    assert page_count(out.getvalue()) == 55 and told[-1] == 1_300 and told == sorted(told)


def test_a_label_names_alias_and_village_and_not_the_wish(press: Press, place: Place) -> None:
    [wish_id] = held_wishes(press.database, place, 1)
    out = io.BytesIO()
    print_order(press, place.id, order_of("labels"), out)
    with press.database.reading() as session:
        [row] = list_wishes(session, place.id, Filter(ids=(wish_id,))).rows
    text = text_layer(out.getvalue())
    assert row.alias in text and village_code(row) in text
    assert row.item not in text and row.community not in text


def test_two_runs_at_once_print_the_same_codes(press: Press, place: Place) -> None:
    wishes = held_wishes(press.database, place, 60)

    def issued(_: int) -> list[str]:
        with press.database.transaction() as session:
            codes = issue_many(session, wishes, signer=press.signer, now=NOW)
        return [codes.label(wish).text + codes.receipt(wish).text for wish in wishes]

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(issued, range(4)))
    assert runs[0] == runs[1] == runs[2] == runs[3] and len(set(runs[0])) == 60


def test_a_printed_label_is_found_by_its_short_code_and_printed_again_with_its_own_key(
    press: Press, place: Place, ring: Keyring, settings: Settings, coordinator: Actor
) -> None:
    [wish_id] = held_wishes(press.database, place, 1)
    with press.database.transaction() as session:
        first = issue_many(session, [wish_id], signer=press.signer, now=NOW).label(wish_id)
        assert session.execute(sa.select(col(Label.code), col(Label.kid))).all() == [(human_code(first), first.kid)]
    rotate(press.database, settings.keys_dir, purpose=Purpose.TOKEN, actor=coordinator, now=NOW)
    newer = signing_keys(read_keyring(settings.keys_dir))[0]
    with press.database.transaction() as session:
        assert newer.kid != first.kid
        assert issue_many(session, [wish_id], signer=newer, now=NOW).label(wish_id) == first


def test_nothing_to_print_is_said_before_a_run_is_ordered(database: Database, place: Place, coordinator: Actor) -> None:
    with pytest.raises(Invalid), database.transaction() as session:
        order_papers(session, campaign_id=place.id, order=order_of("labels"), actor=coordinator, now=NOW)


def test_nobody_is_thanked_for_what_has_not_arrived() -> None:
    for kind, stage in (("thanks", Status.READY), ("answers", Status.IN_TRANSIT), ("labels", Status.DELIVERED)):
        with pytest.raises(Invalid):
            order_of(kind, statuses=(stage,))
    assert order_of("thanks", statuses=(Status.CLOSED,)).narrowed.statuses == (Status.CLOSED,)


def test_who_may_not_print_orders_nothing(database: Database, place: Place) -> None:
    held_wishes(database, place, 1)
    for kind, actor in (("labels", place.social_worker), ("receipts", place.volunteer), ("labels", place.secretary)):
        with pytest.raises(Forbidden), database.transaction() as session:
            order_papers(session, campaign_id=place.id, order=order_of(kind), actor=actor, now=NOW)


def test_a_run_is_drawn_once_and_opened_by_who_ordered_it(
    database: Database, settings: Settings, ring: Keyring, place: Place, coordinator: Actor
) -> None:
    wishes = held_wishes(database, place, 30)
    with database.transaction() as session:
        job = order_papers(session, campaign_id=place.id, order=order_of("receipts"), actor=coordinator, now=utc_now())
    with ThreadPoolExecutor(2) as pool:
        finished = list(pool.map(lambda _: print_queue(database, settings, ring, clock=utc_now), range(2)))
    assert sum(finished) == 1
    asked = {"campaign_id": place.id, "job_id": job, "folder": settings.uploads_dir, "keyring": ring}
    with database.reading() as session:
        [line] = jobs_of(session, place.id, coordinator.account_id)
        kind, pdf = paper_of(session, account_id=coordinator.account_id, **asked)  # type: ignore[arg-type]
        codes = issue_many(session, wishes, signer=signing_keys(ring)[0], now=NOW)
        with pytest.raises(NotFound):
            paper_of(session, account_id=(coordinator.account_id or 0) + 1, **asked)  # type: ignore[arg-type]
        assert jobs_of(session, place.id, (coordinator.account_id or 0) + 1) == []
    assert (kind, line.state, line.done, line.total, page_count(pdf)) == ("receipts", "done", 30, 30, 8)
    secret = human_code(codes.receipt(wishes[0]))
    assert secret in text_layer(pdf)
    [sealed] = (settings.uploads_dir / DRAWER.folder).iterdir()
    assert secret.encode() not in sealed.read_bytes() and b"%PDF" not in sealed.read_bytes()
    assert sealed.stat().st_mode & 0o077 == 0


def test_a_paper_opens_after_the_keys_changed(
    database: Database, settings: Settings, ring: Keyring, place: Place, coordinator: Actor
) -> None:
    held_wishes(database, place, 2)
    with database.transaction() as session:
        job = order_papers(session, campaign_id=place.id, order=order_of("labels"), actor=coordinator, now=utc_now())
    print_queue(database, settings, ring, clock=utc_now)
    rotate(database, settings.keys_dir, actor=coordinator, now=utc_now())
    with database.reading() as session:
        _, pdf = paper_of(
            session, campaign_id=place.id, job_id=job, account_id=coordinator.account_id, folder=settings.uploads_dir,
            keyring=read_keyring(settings.keys_dir),
        )  # fmt: skip
    assert pdf.startswith(b"%PDF")


def test_a_run_whose_process_died_is_drawn_again_and_given_up_in_the_end(
    database: Database, settings: Settings, ring: Keyring, place: Place, coordinator: Actor
) -> None:
    held_wishes(database, place, 2)
    with database.transaction() as session:
        for attempts in (1, MOST_ATTEMPTS):
            job = order_papers(
                session, campaign_id=place.id, order=order_of("labels"), actor=coordinator, now=utc_now()
            )
            session.execute(
                sa.update(PrintJob)
                .where(col(PrintJob.id) == job)
                .values(state="drawing", attempts=attempts, started_at=utc_now() - timedelta(hours=1))
            )
    assert print_queue(database, settings, ring, clock=utc_now) == 1
    print_queue(database, settings, ring, clock=utc_now)
    with database.reading() as session:
        given_up, drawn = jobs_of(session, place.id, coordinator.account_id)
    assert (drawn.state, given_up.state) == ("done", "failed") and given_up.problem.zh and given_up.problem.en


def test_a_run_for_which_nothing_is_left_says_so(
    database: Database, settings: Settings, ring: Keyring, place: Place, coordinator: Actor
) -> None:
    held_wishes(database, place, 2)
    with database.transaction() as session:
        order_papers(session, campaign_id=place.id, order=order_of("labels"), actor=coordinator, now=utc_now())
        session.execute(sa.update(Wish).values(status=Status.DELIVERED))
    print_queue(database, settings, ring, clock=utc_now)
    with database.reading() as session:
        [line] = jobs_of(session, place.id, coordinator.account_id)
    assert line.state == "failed" and "没有要打印" in line.problem.zh


def test_papers_are_forgotten_after_a_day(
    database: Database, settings: Settings, ring: Keyring, place: Place, coordinator: Actor
) -> None:
    held_wishes(database, place, 2)
    with database.transaction() as session:
        order_papers(session, campaign_id=place.id, order=order_of("labels"), actor=coordinator, now=utc_now())
    print_queue(database, settings, ring, clock=utc_now)
    [file] = (settings.uploads_dir / DRAWER.folder).iterdir()
    assert forget_papers(database, settings.uploads_dir, now=utc_now()) == 0 and file.exists()
    later = utc_now() + KEPT_FOR + timedelta(minutes=1)
    assert forget_papers(database, settings.uploads_dir, now=later) == 1 and not file.exists()
    file.write_bytes(b"of a process that died before its row was written")
    os.utime(file, (0, 0))
    assert forget_papers(database, settings.uploads_dir, now=utc_now()) == 0 and not file.exists()


def test_papers_are_ordered_and_fetched_on_a_page(
    app: Flask, database: Database, settings: Settings, ring: Keyring, place: Place
) -> None:
    held_wishes(database, place, 5)
    grants: dict[Role, Grant] = grants_of(place)
    inspector, worker = Person(app, (grants[Role.INSPECTOR],)), Person(app, (grants[Role.SOCIAL_WORKER],))
    page = f"/c/{place.slug}/print"
    inspector.post(page, page, kind="labels", layout="roll-60x40")
    assert worker.post(page, page, kind="labels").status_code == 403
    worker.post(page, page, kind="receipts", status="ready")
    assert "data-live" in inspector.get(f"{page}/jobs").text
    assert print_queue(database, settings, ring, clock=utc_now) == 2
    links = {
        name: re.findall(r'href="([^"]+\.pdf)"', who.get(page).text) for name, who in (("i", inspector), ("w", worker))
    }
    assert len(links["i"]) == len(links["w"]) == 1 and links["i"] != links["w"]
    answer = inspector.get(links["i"][0])
    assert answer.content_type == "application/pdf" and page_count(answer.data) == 5
    assert answer.headers["Cache-Control"] == "no-store"
    assert page_count(worker.get(links["w"][0]).data) == 1  # three receipts: of their own community only
    assert inspector.get(links["w"][0]).status_code == 404
    assert "data-live" not in inspector.get(f"{page}/jobs").text


def test_a_taker_prints_the_label_without_the_childs_alias(app: Flask, database: Database, place: Place) -> None:
    [wish_id] = held_wishes(database, place, 1)
    with database.reading() as session:
        [row] = list_wishes(session, place.id, Filter(ids=(wish_id,))).rows
    grants = grants_of(place)
    seen = {
        role: text_layer(Person(app, (grants[role],)).get(f"/c/{place.slug}/wishes/{row.code}/label.pdf").data)
        for role in (Role.BRANCH_SECRETARY, Role.COORDINATOR)
    }
    assert row.alias in seen[Role.COORDINATOR] and row.alias not in seen[Role.BRANCH_SECRETARY]


def test_the_command_prints_with_progress_and_leaves_no_half_file(
    database: Database, settings: Settings, ring: Keyring, place: Place, tmp_path: Path
) -> None:
    bench, out = Workbench(), tmp_path / "labels.pdf"
    bench.__dict__.update(settings=settings, database=database)
    words = ["labels", "--campaign", place.slug, "--out", str(out), "--layout", "a4-40", "--json"]
    empty = CliRunner().invoke(cli, words, obj=bench)
    assert empty.exit_code != 0 and list(tmp_path.glob("*.pdf*")) == []
    held_wishes(database, place, 90)
    done = CliRunner().invoke(cli, words, obj=bench)
    assert json.loads(done.stdout)["printed"] == 90 and "90 of 90" in done.stderr
    assert page_count(out.read_bytes()) == 3 and list(tmp_path.glob(".*.part")) == []


def test_a_round_sheet_has_one_line_per_child_and_each_village_its_own_page(press: Press, place: Place) -> None:
    wishes = held_wishes(press.database, place, 7, status=Status.IN_TRANSIT)
    with press.database.transaction() as session:
        child = session.execute(sa.select(col(Wish.child_id)).where(col(Wish.id) == wishes[1])).scalar_one()
        session.execute(sa.update(Wish).where(col(Wish.id) == wishes[2]).values(child_id=child))
    out = io.BytesIO()
    assert print_order(press, place.id, order_of("rounds"), out) == 7
    with press.database.transaction() as session:
        rows = list_wishes(session, place.id, Filter(ids=tuple(wishes))).rows
        codes = issue_many(session, wishes, signer=press.signer, now=NOW)
    texts = {text_layer(out.getvalue(), page) for page in range(page_count(out.getvalue()))}
    assert len(texts) == 2
    for text in texts:
        here = [row for row in rows if village_code(row) in text]
        assert here and all(row.code in text and human_code(codes.label(row.id)) in text for row in here)
        assert len(re.findall("小鹿", text)) == len({row.child_id for row in here})
        assert not any(row.item in text or human_code(codes.receipt(row.id)) in text for row in rows)


def test_box_lists_labels_and_round_sheets_name_the_box(press: Press, place: Place) -> None:
    wishes = held_wishes(press.database, place, 7, status=Status.INSPECTED)
    with press.database.transaction() as session:
        session.execute(sa.update(Wish).where(col(Wish.id) == wishes[1]).values(category="aid", item="轮椅"))
        boxed = {12: (wishes[0], wishes[3]), 3: (wishes[1], wishes[2])}
        for number, inside in boxed.items():
            box_id = insert(
                session, Box, campaign_id=place.id, number=number, created_at=NOW,
                community_id=place.other_community_id if number == 12 else place.community_id,
            )  # fmt: skip
            for wish_id in inside:
                claim_id = session.execute(sa.select(col(Claim.id)).where(col(Claim.wish_id) == wish_id)).scalar_one()
                insert(
                    session, PackedParcel, campaign_id=place.id, wish_id=wish_id, claim_id=claim_id, box_id=box_id,
                    packed_at=NOW,
                )  # fmt: skip
        rows = {row.id: row for row in list_wishes(session, place.id, Filter(ids=tuple(wishes))).rows}
        codes = issue_many(session, wishes, signer=press.signer, now=NOW)
    out = io.BytesIO()
    assert print_order(press, place.id, order_of("boxes"), out) == 4
    assert page_count(out.getvalue()) == 2
    for page, (number, inside) in enumerate(sorted(boxed.items())):
        text = text_layer(out.getvalue(), page)
        assert f"箱 {number}" in text
        for wish_id in wishes:
            assert (human_code(codes.label(wish_id)) in text) == (wish_id in inside) == (rows[wish_id].code in text)
    assert "轮椅" not in text_layer(out.getvalue(), 0) and "书包" in text_layer(out.getvalue(), 0)
    for kind in ("labels", "rounds"):
        out = io.BytesIO()
        print_order(press, place.id, order_of(kind), out)
        text = "".join(text_layer(out.getvalue(), page) for page in range(page_count(out.getvalue())))
        assert len(re.findall("箱 12", text)) == len(re.findall("箱 3", text)) == 2


def test_a_thank_you_card_thanks_each_giver_and_tells_of_no_child(
    press: Press, place: Place, ring: Keyring, coordinator: Actor
) -> None:
    wishes = held_wishes(press.database, place, 5)
    with press.database.transaction() as session:
        session.execute(sa.update(Wish).values(status=Status.DELIVERED, category="aid"))
        session.execute(
            sa.update(Wish)
            .where(col(Wish.id) == wishes[0])
            .values(taker_branch_id=None, taker_volunteer_id=place.volunteer_id)
        )
        child_id = session.execute(sa.select(col(Wish.child_id)).where(col(Wish.id) == wishes[0])).scalar_one()
        sealed = seal_identity(Vault(ring), child_id, {"name": "章晓岚"})
        session.execute(sa.update(Child).where(col(Child.id) == child_id).values(**sealed))
        for words in ("谢谢您送的礼物", "请不要转达这句"):
            said = Said("guardian", None, "", words)
            made = give_feedback(session, wish_id=wishes[0], said=said, actor=NOBODY, keyring=ring, now=NOW)
            decide_thanks(
                session,
                feedback_id=made,
                approve="不要" not in words,
                words=words,
                actor=coordinator,
                keyring=ring,
                now=NOW,
            )
        rows = list_wishes(session, place.id, Filter(ids=tuple(wishes))).rows
    out = io.BytesIO()
    assert print_order(press, place.id, order_of("thanks"), out) == 5
    text = text_layer(out.getvalue())
    assert "4 份心愿" in text and "1 份心愿" in text and "谢谢您送的礼物" in text and "请不要转达" not in text
    for told in ("康复", "小鹿", *(word for row in rows for word in (row.item, row.code, row.community))):
        assert told not in text, told


def test_a_feedback_slip_opens_its_wish_and_a_second_print_leaves_the_first_good(press: Press, place: Place) -> None:
    wishes = held_wishes(press.database, place, 3)
    with press.database.transaction() as session:
        session.execute(sa.update(Wish).values(status=Status.DELIVERED))
        rows = list_wishes(session, place.id, Filter(ids=tuple(wishes))).rows
    opened = set()
    for _ in range(2):
        out = io.BytesIO()
        assert print_order(press, place.id, order_of("answers"), out) == 3
        text = text_layer(out.getvalue())
        assert not any(row.item in text or row.code in text for row in rows)
        for url in decoded(rendered(out.getvalue())):
            base, _, code = url.rpartition("/f/")
            assert base == press.settings.base_url and code in text
            with press.database.transaction() as session:
                found = open_code(session, code, address="a", keyring=press.keyring, now=NOW)
            assert found is not None and found.side == "guardian"
            opened.add((found.wish_id, code))
    assert {wish_id for wish_id, _ in opened} == set(wishes) and len(opened) == 6


def test_chinese_on_round_sheets_and_cards_is_drawn_in_pixels(fonts_dir: Path) -> None:
    """Characters that differ make pictures that differ: no boxes in place of letters, no font that is only named."""
    drawn = set()
    for word in "鹿龘䶮骉鞋":
        sheet, card = io.BytesIO(), io.BytesIO()
        stop = Stop(word, (Parcel("W1", "ABCD", "study"),))
        write_round_sheets([Village("村", "1", (stop,))], sheet, campaign="", fonts_dir=fonts_dir)
        write_thanks_cards([Card(word, 1, (("study", 1),))], card, campaign="", fonts_dir=fonts_dir)
        for pdf in (sheet, card):
            pixels = rendered(pdf.getvalue())
            assert (pixels < 128).sum() > 2_000
            drawn.add(pixels.tobytes())
    assert len(drawn) == 10
