"""Each file is read once, whoever is killed; copies add nothing; a revised file changes nothing before somebody says so."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.intake_pages.conftest import FILE, ROW, WISH, Site
from tests.intake_pages.senders import DIRTY, line, xlsx
from wishes.clock import utc_now
from wishes.db import Database
from wishes.intake.processing import MOST_ATTEMPTS, process_queue
from wishes.intake.uploads import Originals

ROOT = Path(__file__).resolve().parents[2]
FIRST = [line("章一"), line("章二", "足球", sex="男"), line("章三", "台灯"), line("章四", "字典"), line("章五", "书包")]
REVISED = [FIRST[0], line("章二", "足球", sex="男", price="99"), FIRST[2], FIRST[3], line("章六", "绘本")]
"""章二 costs less, 章五 is gone, 章六 is new."""


def _command(site: Site) -> subprocess.Popen[bytes]:
    env = {
        **os.environ,
        "MICROWISH_VAR_DIR": str(site.settings.var_dir),
        "MICROWISH_DATABASE_URL": site.settings.database_url.replace("postgresql+psycopg", "postgresql"),
        "PYTHONPATH": str(ROOT),
    }
    code = "import sys; sys.argv[0] = 'microwish'; from wishes.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "import", "pending", "--json"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_killed_readers_lose_nothing_and_double_nothing(site: Site) -> None:
    coordinator = site.sign_in()
    children = [
        line(
            f"章{chr(0x4E00 + 7 * n)}{chr(0x6000 + 13 * n)}",
            phone=f"1990{n:07}",
            birth=f"{2008 + n // 36}-{n % 12 + 1:02}-{n // 12 % 3 * 9 + 1:02}",
        )
        for n in range(360)
    ]
    files = [(f"第{n}份.xlsx", xlsx(children[12 * n : 12 * n + 12])) for n in range(30)]
    coordinator.upload(*files)
    for _ in range(4):  # killed while it stores, at whatever it is doing then
        stored = len(site.rows(sa.select(FILE.c.id).where(FILE.c.state == "done")))
        reader = _command(site)
        give_up = time.monotonic() + 60
        while len(site.rows(sa.select(FILE.c.id).where(FILE.c.state == "done"))) < stored + 2:
            assert time.monotonic() < give_up and reader.poll() in (None, 0)
            if reader.poll() == 0:
                break
            time.sleep(0.01)
        reader.send_signal(signal.SIGKILL)
        reader.wait()
    site.work()
    states = dict(tuple(row) for row in site.rows(sa.select(FILE.c.state, sa.func.count()).group_by(FILE.c.state)))
    assert states == {"done": 30}
    assert len(site.rows(sa.select(ROW.c.id))) == 360
    assert site.wishes() == 360


def test_two_readers_at_once_read_each_file_once(site: Site) -> None:
    site.sign_in().upload(*((f"{n}.xlsx", xlsx([line(f"章{chr(0x4E00 + n)}")])) for n in range(12)))
    counted: list[int] = []
    readers = [
        threading.Thread(
            target=lambda: counted.append(
                process_queue(site.database, site.originals, site.keyring, clock=utc_now, seconds=60).files
            )
        )
        for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sum(counted) == 12
    assert site.wishes() == 12


class Slow(Originals):
    """Reads so slowly the first time that another process claims the file meanwhile."""

    stolen = False

    def read(self, session: Session, file_id: int) -> bytes:
        if not self.stolen:
            self.stolen = True
            with self.database.transaction() as other:
                other.execute(sa.update(FILE).values(attempts=FILE.c.attempts + 1))
        return super().read(session, file_id)

    database: Database


def test_a_claim_that_was_lost_stores_nothing(site: Site) -> None:
    site.sign_in().upload(("来件.xlsx", xlsx(DIRTY)))
    slow = Slow(site.settings.uploads_dir, site.keyring)
    slow.database = site.database
    done = process_queue(site.database, slow, site.keyring, clock=utc_now, seconds=60)
    assert slow.stolen
    assert (done.files, site.file("来件.xlsx").attempts) == (1, 3)  # ours, the other's, ours again
    assert len(site.rows(sa.select(ROW.c.id))) == len(DIRTY)


def test_a_file_on_which_readers_die_is_given_up_and_holds_up_nobody(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("毒.xlsx", xlsx(DIRTY)), ("好.xlsx", xlsx(FIRST)))
    with site.database.transaction() as session:
        session.execute(sa.update(FILE).where(FILE.c.name == "毒.xlsx").values(state="reading", attempts=MOST_ATTEMPTS))
    site.work()
    assert site.file("好.xlsx").state == "done"
    poison = site.file("毒.xlsx")
    assert poison.state == "failed"
    assert "重新发送" in poison.problem_zh
    assert site.entries(poison.id) == []


def test_the_same_file_again_adds_nothing(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    before = site.wishes()
    coordinator.upload(("另一个名字.xlsx", xlsx(DIRTY)))
    site.work()
    copy = site.file("另一个名字.xlsx")
    assert (copy.state, copy.counts["repeats"], site.wishes()) == ("repeated", site.file("来件.xlsx").id, before)
    page = coordinator.page(f"/import/{copy.id}")
    assert "以前收到过" in page
    assert "来件.xlsx" in page


def test_a_file_waits_its_turn_when_its_name_is_taken(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(FIRST)))
    coordinator.upload(("来件.xlsx", xlsx([line("俞一"), line("俞二")])))
    site.work()
    assert {row.state for row in site.rows(sa.select(FILE.c.state))} == {"done"}
    assert site.wishes() == len(FIRST) + 2


@pytest.fixture
def revised(site: Site) -> Site:
    site.people["coordinator"] = site.sign_in()
    site.people["coordinator"].upload(("上报.xlsx", xlsx(FIRST)))
    site.work()
    site.people["coordinator"].upload(("上报（更新）.xlsx", xlsx(REVISED)))
    site.work()
    return site


def _open_wishes(site: Site) -> dict[str, int]:
    return {
        row.item: row.price_fen
        for row in site.rows(
            sa.select(WISH.c.item, WISH.c.price_fen).where(WISH.c.status == "submitted").order_by(WISH.c.id)
        )
    }


def test_a_revised_file_shows_what_it_would_do_and_does_nothing(revised: Site) -> None:
    file = revised.file("上报（更新）.xlsx")
    assert file.state == "revises"
    assert revised.wishes() == len(FIRST)
    page = revised.people["coordinator"].page(f"/import/{file.id}")
    assert "上报.xlsx" in page
    for said in ("章六", "绘本", "章五", "<del>120</del>", "<ins>99</ins>"):
        assert said in page, said


def test_a_revision_that_is_applied_adds_changes_and_withdraws(revised: Site) -> None:
    file = revised.file("上报（更新）.xlsx")
    revised.people["coordinator"].post(f"/import/{file.id}/revision", page=f"/import/{file.id}", decision="apply")
    revised.work()
    assert revised.file("上报（更新）.xlsx").state == "done"
    assert _open_wishes(revised) == {"书包": 12000, "足球": 9900, "台灯": 12000, "新华字典": 12000, "绘本": 12000}
    assert revised.wishes() == len(FIRST) + 1
    statuses = [row.status for row in revised.rows(sa.select(WISH.c.status).where(WISH.c.item == "书包"))]
    assert sorted(statuses) == ["rejected", "submitted"]


def test_a_revision_may_only_add(revised: Site) -> None:
    file = revised.file("上报（更新）.xlsx")
    revised.people["coordinator"].post(f"/import/{file.id}/revision", page=f"/import/{file.id}", decision="add")
    revised.work()
    assert revised.wishes() == len(FIRST) + 1
    assert _open_wishes(revised)["足球"] == 12000


def test_a_revision_may_be_set_aside(revised: Site) -> None:
    file = revised.file("上报（更新）.xlsx")
    revised.people["coordinator"].post(f"/import/{file.id}/revision", page=f"/import/{file.id}", decision="drop")
    revised.work()
    assert revised.file("上报（更新）.xlsx").state == "dropped"
    assert revised.wishes() == len(FIRST)
    again = revised.people["coordinator"].post(f"/import/{file.id}/revision", page="/import", decision="apply")
    assert again.status_code == 409


STORIES = [
    (f"{child}，女，10岁，跟随爷爷生活，联系电话1990000111{at}，心愿是得到一个书包。",)
    for at, child in enumerate(("章一", "章二", "章三"))
]


def test_a_sheet_of_wishes_that_was_not_understood_wants_a_person(site: Site) -> None:
    coordinator = site.sign_in()
    book = openpyxl.load_workbook(io.BytesIO(xlsx(FIRST)))
    told = book.create_sheet("情况")
    for story in STORIES:
        told.append(story)
    both = io.BytesIO()
    book.save(both)
    alone = xlsx(STORIES, title="关于微心愿的情况说明", header=())
    coordinator.upload(("情况说明.xlsx", alone), ("来件.xlsx", both.getvalue()))
    site.work()
    assert (site.file("情况说明.xlsx").state, site.file("来件.xlsx").state) == ("failed", "done")
    listed = coordinator.page("/import?show=attention")
    assert "情况说明.xlsx" in listed and "来件.xlsx" in listed and "一条也没有登记" in listed
    page = coordinator.page(f"/import/{site.file('来件.xlsx').id}")
    assert "有一张表没有读到" in page and len(site.entries(site.file("来件.xlsx").id)) == len(FIRST)
