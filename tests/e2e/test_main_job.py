"""The main job on the real files, through commands and through pages in a real browser: from the workbooks to the hand-over.

One story in one installation; each test is the next chapter and relies on those before it.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.installation import DATA, SLUG, Installation
from tests.web.house import findings

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

PHONE, DESK = {"width": 375, "height": 812}, {"width": 1440, "height": 900}
PASSWORD = "paper lantern over water"


class Story:
    """What the chapters share."""

    def __init__(self, place: Installation, browser: Browser) -> None:
        self.place, self.browser = place, browser
        self.counts: dict[str, Any] = {}
        self.wish = ""
        self.seen: list[str] = []

    def sign_in(self, login: str, size: dict[str, int]) -> Page:
        context: BrowserContext = self.browser.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{self.place.address}/sign-in")
        page.get_by_label(re.compile("账号")).fill(login)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("登录")
        return page

    def open(self, page: Page, path: str) -> None:
        """Open a page; it must answer well and keep the house rules."""
        answer = page.goto(f"{self.place.address}/c/{SLUG}{path}")
        assert answer is not None and answer.status == 200, f"{path}: {answer and answer.status}"
        problems = findings(answer.text())  # as it was sent: charts draw themselves with styles afterwards
        assert not problems, f"{path}: {problems}"
        self.seen.append(path)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.place.var_dir / 'microwish.sqlite3'}?mode=ro", uri=True) as database:
            return database.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Story]:
    place = Installation(tmp_path_factory.mktemp("installation"))
    place.command("init")
    with place.served():
        yield Story(place, browser)


def test_a_campaign_its_places_and_people_are_loaded_by_command(story: Story) -> None:
    loaded = story.place.answer("campaign", "load", str(DATA))
    assert loaded["places"]["added"] == 205 and loaded["catalogue"]["added"] == 172
    for register, entries in (("branches", 100), ("members", 1000), ("volunteers", 300)):
        done = json.loads(
            story.place.command(
                "import",
                register,
                str(DATA / f"{register}.xlsx"),
                "--campaign",
                SLUG,
                "--json",
                str(story.place.var_dir / "rows.json"),
            )
        )
        assert done["entries"] == entries


def test_all_workbooks_become_wishes_and_every_entry_is_accounted_for(story: Story) -> None:
    story.place.command("import", "wishes", str(DATA / "wishes"), "--campaign", SLUG)
    by_status = dict(story.rows("SELECT status, count(*) FROM import_row GROUP BY status"))
    wishes = story.rows("SELECT count(*) FROM wish")[0][0]
    assert sum(by_status.values()) > 10_000 and wishes == by_status["accepted"] > 9_500
    story.counts |= {"entries": sum(by_status.values()), **by_status, "wishes": wishes}


def test_the_same_workbooks_again_add_nothing(story: Story) -> None:
    story.place.command("import", "wishes", str(DATA / "wishes"), "--campaign", SLUG)
    assert story.rows("SELECT count(*) FROM wish")[0][0] == story.counts["wishes"]


def test_verified_published_and_matched_within_the_proved_best(story: Story) -> None:
    verified = story.place.answer("verify", "--campaign", SLUG)
    published = story.place.answer("publish", "--campaign", SLUG)
    assert verified["moved"] + verified["held"] == story.counts["wishes"]
    assert published["moved"] + published["held"] == verified["moved"]
    matched = story.place.answer("match", "--campaign", SLUG)
    totals = matched.get("totals", matched)
    assert totals["gap"] <= 0.001
    proposed = story.rows("SELECT count(*) FROM wish WHERE status = 'proposed'")[0][0]
    assert proposed == totals["matched"] > 0.9 * published["moved"]
    over = story.rows(
        "SELECT count(*) FROM (SELECT b.id FROM branch b JOIN wish w ON w.taker_branch_id = b.id GROUP BY b.id "
        "HAVING count(*) > b.pledge_count OR sum(CASE WHEN w.kind = 'goods' THEN w.price_fen ELSE 0 END) > b.pledge_fen)"
    )
    assert over == [(0,)], "a pledge was passed"
    unfit = story.rows(
        "SELECT count(*) FROM wish w LEFT JOIN volunteer v ON v.id = w.taker_volunteer_id "
        "WHERE w.status = 'proposed' AND w.need <> 'none' AND (v.vetted_on IS NULL OR (w.need = 'psych' AND v.qualification = ''))"
    )
    assert unfit == [(0,)], "a wish that means meeting a child went to somebody unfit"
    story.counts |= {"published": published["moved"], "proposed": proposed}


def test_people_get_their_sign_ins(story: Story) -> None:
    branch, name = story.rows("SELECT b.id, b.name FROM branch b JOIN wish w ON w.taker_branch_id = b.id AND w.taker_volunteer_id IS NULL "
                              "AND w.kind = 'goods' GROUP BY b.id ORDER BY count(*) DESC, b.id LIMIT 1")[0]  # fmt: skip
    code = story.rows("SELECT v.code FROM volunteer v WHERE v.branch_id IS NULL AND v.active AND v.claim_limit - v.live_claims >= 3 "
                      "AND v.id NOT IN (SELECT taker_volunteer_id FROM wish WHERE taker_volunteer_id IS NOT NULL) ORDER BY v.id LIMIT 1")  # fmt: skip
    volunteer = (
        code[0][0]
        if code
        else story.rows("SELECT code FROM volunteer WHERE active AND branch_id IS NULL ORDER BY id LIMIT 1")[0][0]
    )
    community = story.rows("SELECT c.township_code FROM wish w JOIN community c ON c.id = w.community_id WHERE w.taker_branch_id = ? "
                           "AND w.taker_volunteer_id IS NULL AND w.kind = 'goods' ORDER BY w.id LIMIT 1", branch)[0][0]  # fmt: skip
    for login, role, *narrowed in (
        ("coordinator", "coordinator"), ("secretary", "branch_secretary", "--branch", name), ("inspector", "inspector"),
        ("second", "inspector"),
        ("courier", "courier"), ("volunteer", "volunteer", "--volunteer", volunteer), ("worker", "social_worker", "--community", community),
    ):  # fmt: skip
        story.place.command("users", "add", login, "--name", f"测试{login}", "--password", PASSWORD)
        story.place.command("users", "grant", login, role, "--campaign", SLUG, *narrowed)
    story.counts["branch"] = branch


def test_the_branch_accepts_one_and_declines_one(story: Story) -> None:
    page = story.sign_in("secretary", DESK)
    story.open(page, "/branch")
    proposed = "SELECT code FROM wish WHERE taker_branch_id = ? AND status = 'proposed' AND kind = 'goods' AND taker_volunteer_id IS NULL"
    [(wish,)] = story.rows(f"{proposed} ORDER BY id LIMIT 1", story.counts["branch"])
    [(other,)] = story.rows(f"{proposed} ORDER BY id DESC LIMIT 1", story.counts["branch"])
    story.open(page, f"/wishes/{wish}")
    page.get_by_role("button", name="接受").click()
    expect(page.locator(".pill").first).to_contain_text("已认领")
    story.wish = wish
    story.open(page, f"/wishes/{other}")
    page.locator("#move-decline summary").click()
    page.locator("#move-decline-reason").fill("预算不够")
    page.locator("#move-decline").get_by_role("button", name="婉拒").click()
    assert story.rows("SELECT status FROM wish WHERE code = ?", other) == [("open",)]


def test_a_volunteer_browses_on_a_phone_and_is_quicker_than_the_next(story: Story) -> None:
    page = story.sign_in("volunteer", PHONE)
    story.open(page, "/browse?county=&need=none")
    card = page.locator("article").first
    code = card.locator(".code").inner_text()
    card.get_by_role("button", name="认领").click()
    expect(page.locator(".pill").first).to_contain_text("已认领")
    assert story.rows(
        "SELECT count(*) FROM claim c JOIN wish w ON w.id = c.wish_id WHERE w.code = ? AND c.state = 'live'", code
    ) == [(1,)]
    story.open(page, "/mine")
    expect(page.get_by_text(code)).to_be_visible()
    story.counts["lapsing"] = code


def test_bought_inspected_labelled_and_sent_off(story: Story) -> None:
    secretary = story.sign_in("secretary", PHONE)
    story.open(secretary, f"/wishes/{story.wish}")
    secretary.get_by_role("link", name="已买好").click()
    secretary.get_by_label(re.compile("实际花费")).fill("45.5")
    secretary.get_by_role("button", name="登记买好").click()
    expect(secretary.locator(".pill").first).to_contain_text("已备好")
    for login in ("second", "inspector"):  # two people look it over
        inspector = story.sign_in(login, DESK)
        story.open(inspector, "/rounds")
        inspector.get_by_label(re.compile("选择第 1 行")).check()
        inspector.get_by_role("button", name="都查过，合格").click()
    sheet = inspector.request.get(f"{story.place.address}/c/{SLUG}/wishes/{story.wish}/label.pdf")
    assert sheet.status == 200
    page = pypdfium2.PdfDocument(io.BytesIO(sheet.body()))[0].render(scale=3).to_pil()
    read = [code.text for code in zxingcpp.read_barcodes(page)]
    assert len(read) == 1 and "/H/" in read[0]
    story.counts["label"] = read[0]
    story.open(inspector, "/rounds?status=inspected")
    inspector.get_by_label(re.compile("选择第 1 行")).check()
    inspector.get_by_role("button", name="出发配送").click()
    assert story.rows("SELECT status FROM wish WHERE code = ?", story.wish) == [("in_transit",)]


def test_the_label_alone_proves_nothing_and_both_codes_confirm(story: Story) -> None:
    secretary = story.sign_in("secretary", PHONE)
    story.open(secretary, f"/scan?code={story.wish}")
    secretary.get_by_label("包裹码").fill(story.counts["label"])
    secretary.get_by_role("button", name="确认送达").click()
    expect(secretary.get_by_text("还差收件方的签收码")).to_be_visible()
    worker = story.sign_in("worker", PHONE)
    story.open(worker, f"/wishes/{story.wish}/receipt")
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}", worker.content())
    assert found is not None
    secretary.get_by_label(re.compile("11 位签收码")).fill(found[0].lower())
    secretary.get_by_role("button", name="确认送达").click()
    expect(secretary.get_by_text("交接已确认")).to_be_visible()
    assert story.rows(
        "SELECT h.state, h.evidence FROM hand_over h JOIN wish w ON w.id = h.wish_id WHERE w.code = ?", story.wish
    ) == [("confirmed", "receipt_code")]


def test_the_community_closes_it_with_feedback(story: Story) -> None:
    worker = story.sign_in("worker", PHONE)
    story.open(worker, f"/wishes/{story.wish}")
    worker.locator("#move-close summary").click()
    worker.get_by_label("满意度").select_option("5")
    worker.locator("#move-close").get_by_role("button", name="登记反馈").click()
    expect(worker.locator(".pill").first).to_contain_text("已完成")


def test_a_forgotten_claim_is_reminded_and_released_by_celery(story: Story) -> None:
    """The claim's clock is set back by a fortnight, as if it had been made then; from there on only worker and beat act."""
    with sqlite3.connect(story.place.var_dir / "microwish.sqlite3", timeout=30) as database:
        database.execute(
            "UPDATE clock SET opened_at = datetime(opened_at, '-30 days'), due_at = datetime(due_at, '-30 days'), next_at = datetime(next_at, '-30 days') "
            "WHERE closed_at IS NULL AND wish_id = (SELECT id FROM wish WHERE code = ?)", (story.counts["lapsing"],))  # fmt: skip
    give_up = time.monotonic() + 150
    while story.rows("SELECT status FROM wish WHERE code = ?", story.counts["lapsing"]) != [("open",)]:
        assert time.monotonic() < give_up, "the worker never took the overdue claim back"
        time.sleep(1)
    actions = [
        row[0]
        for row in story.rows(
            "SELECT e.action FROM event e JOIN wish w ON w.id = e.wish_id WHERE w.code = ? ORDER BY e.id",
            story.counts["lapsing"],
        )
    ]
    assert actions[-1] == "lapse" and actions.count("lapse") == 1
    page = story.sign_in("volunteer", PHONE)
    while True:
        story.open(page, "/inbox")
        if page.get_by_text(story.counts["lapsing"]).count():
            break
        assert time.monotonic() < give_up + 60, "nobody told the volunteer"
        time.sleep(2)


def test_the_coordinator_sees_the_gap_and_everything_adds_up(story: Story) -> None:
    page = story.sign_in("coordinator", DESK)
    for path in (
        "/desk",
        "/wishes",
        "/wishes?status=proposed",
        "/gaps",
        "/gaps?by=branch",
        "/gaps?by=category",
        "/people",
        "/match",
        "/import",
        "/inbox",
    ):
        story.open(page, path)
    figures = story.place.answer("gaps", "--campaign", SLUG, "--by", "county")
    assert figures["overall"]["delivered"] == 1
    by_status = dict(story.rows("SELECT status, count(*) FROM wish GROUP BY status"))
    assert sum(by_status.values()) == story.counts["wishes"]
    assert by_status["closed"] == 1
    moved = dict(story.rows("SELECT action, count(*) FROM event GROUP BY action"))
    assert moved["propose"] == moved["accept"] + moved["decline"] + by_status["proposed"]
    assert moved["accept"] + moved["claim"] == moved["lapse"] + by_status["closed"]
    print(json.dumps({**story.counts, "statuses": by_status, "moves": moved}, ensure_ascii=False))


def test_no_page_told_a_childs_name_to_those_who_carry(story: Story) -> None:
    told = json.loads((DATA / "sample-truth.json").read_text(encoding="utf-8"))
    child = told["columns"].index("child")
    names = {row[child] for file in told["files"] for row in file["rows"] if row[child] and len(row[child]) > 2}
    for login in ("volunteer", "secretary", "inspector"):
        page = story.sign_in(login, PHONE)
        for path in {
            "volunteer": ("/browse?county=", "/mine"),
            "secretary": ("/branch", f"/wishes/{story.wish}"),
            "inspector": ("/rounds",),
        }[login]:
            story.open(page, path)
            shown = page.content()
            assert not any(name in shown for name in names), path


@pytest.mark.parametrize("process", ["web", "worker", "beat", "broker"])
def test_whatever_is_killed_comes_back_and_nothing_is_lost(story: Story, process: str) -> None:
    before = story.rows("SELECT status, count(*) FROM wish GROUP BY status ORDER BY status")
    page = story.sign_in("coordinator", DESK)
    assert story.place.kill(process), f"no {process} was running"
    story.place.wait_for_web()
    assert story.rows("SELECT status, count(*) FROM wish GROUP BY status ORDER BY status") == before
    story.open(page, "/desk")
    beaten = story.rows("SELECT max(beaten_at) FROM heartbeat")
    give_up = time.monotonic() + 120
    while story.rows("SELECT max(beaten_at) FROM heartbeat") == beaten:
        assert time.monotonic() < give_up, f"after {process} was killed no sweep ran any more"
        time.sleep(1)
