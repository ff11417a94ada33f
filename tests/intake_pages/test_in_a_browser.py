"""The whole of it in a real browser with real web, worker and broker processes: the 132 files of the demonstration campaign.

One story; each test is the next chapter and relies on those before it.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import DATA, SLUG, Installation
from tests.intake_pages.senders import DIRTY, HOSTILE, xlsx
from tests.web.house import findings

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("intake-in-a-browser")]

PASSWORD = "paper lantern over water"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 812}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Office:
    """A coordinator before an installation that runs."""

    def __init__(self, place: Installation, browser: Browser) -> None:
        self.place, self.browser = place, browser

    def sign_in(self, size: dict[str, int] = DESK) -> Page:
        context = self.browser.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{self.place.address}/sign-in")
        page.get_by_label(re.compile("账号")).fill("coordinator")
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).not_to_have_text("登录")
        return page

    def url(self, path: str) -> str:
        return f"{self.place.address}/c/{SLUG}{path}"

    def count(self, query: str) -> int:
        with sqlite3.connect(f"file:{self.place.var_dir / 'microwish.sqlite3'}?mode=ro", uri=True) as database:
            return int(database.execute(query).fetchone()[0])

    def wait_until_read(self, seconds: float = 240) -> None:
        give_up = time.monotonic() + seconds
        while self.count("SELECT count(*) FROM import_file WHERE state IN ('queued', 'reading')"):
            assert time.monotonic() < give_up, "the files are still waiting"
            time.sleep(0.5)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    place = Installation(tmp_path_factory.mktemp("intake"))
    place.command("init")
    place.command("campaign", "load", str(DATA))
    place.command("users", "add", "coordinator", "--name", "协调员", "--password", PASSWORD)
    place.command("users", "grant", "coordinator", "coordinator", "--campaign", SLUG)
    with place.served():
        yield Office(place, browser)


def test_132_files_are_dropped_and_read_while_the_page_tells_how_far_it_is(office: Office) -> None:
    page = office.sign_in()
    page.goto(office.url("/import"))
    page.locator("input[type=file]").set_input_files(sorted((DATA / "wishes").iterdir()))
    expect(page.locator("[data-files]")).to_contain_text("132")
    page.get_by_role("button", name="上传并读取").click()
    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible(timeout=90_000)
    expect(page.locator(".intake-speed")).to_contain_text(re.compile(r"每秒 [\d,]+ 条"), timeout=90_000)
    expect(page.locator(".intake-speed")).to_contain_text(re.compile(r"还需约 \d+"))
    seen = {int(bar.get_attribute("aria-valuenow") or 0)}
    page.context.close()  # the browser is closed; the work goes on

    office.place.kill("worker")  # and the worker dies in the middle of it
    office.wait_until_read()
    page = office.sign_in()
    page.goto(office.url("/import"))
    assert max(seen) < 132
    assert page.get_by_role("progressbar").count() == 0
    expect(page.get_by_role("navigation", name="文件")).to_contain_text("132")
    assert office.count("SELECT count(*) FROM import_file") == 132
    read = office.count("SELECT sum(json_extract(counts, '$.read')) FROM import_file WHERE state = 'done'")
    assert office.count("SELECT count(*) FROM import_row") == read
    accepted = office.count("SELECT count(*) FROM import_row WHERE status = 'accepted'")
    assert office.count("SELECT count(*) FROM wish") == accepted > 9_000
    page.context.close()


def test_the_revised_file_waits_for_a_decision_and_is_applied(office: Office) -> None:
    page, before = office.sign_in(), office.count("SELECT count(*) FROM wish")
    page.goto(office.url("/import?show=attention"))
    page.get_by_role("link", name=re.compile("更新")).click()
    expect(page.get_by_role("heading", name="这好像是一份更正版")).to_be_visible()
    adds = int(page.locator(".intake-revised .count").first.inner_text())
    page.get_by_role("button", name="按更正版更新").click()
    office.wait_until_read()
    assert office.count("SELECT count(*) FROM wish") == before + adds
    page.context.close()


def test_parked_rows_are_settled_with_one_key_each(office: Office) -> None:
    page = office.sign_in()
    page.goto(office.url("/import"))
    page.locator("input[type=file]").set_input_files({"name": "待确认.xlsx", "mimeType": "", "buffer": xlsx(DIRTY)})
    page.get_by_role("button", name="上传并读取").click()
    expect(page.get_by_role("link", name="待确认.xlsx")).to_be_visible(timeout=60_000)
    office.wait_until_read()
    page.goto(office.url("/import?show=attention"))
    page.get_by_role("link", name="待确认.xlsx").click()
    expect(page.locator(".entry")).to_have_count(3)
    page.keyboard.press("a")  # the first: as it was read
    expect(page.locator(".entry")).to_have_count(2)
    page.keyboard.press("e")  # the second: to be put right
    page.get_by_label("最高价").fill("95")
    page.get_by_label("最低价").fill("95")
    page.get_by_role("button", name="保存并重新判断").click()
    expect(page).to_have_url(re.compile(r"/import/\d+\?show=parked"), timeout=30_000)
    expect(page.locator(".entry")).to_have_count(1)
    page.keyboard.press("r")  # the last: refused
    page.locator("details[open] select").select_option("unsafe_item")
    page.locator("details[open]").get_by_role("button", name="不接收").click()
    expect(page.get_by_text("这一类都处理完了")).to_be_visible()
    assert office.count("SELECT count(*) FROM import_row WHERE status = 'parked'") == 0
    assert office.count("SELECT count(*) FROM import_row WHERE resolved_by IS NOT NULL") == 3
    page.context.close()


def test_the_workbook_with_remarks_is_downloaded(office: Office, tmp_path: Path) -> None:
    page = office.sign_in()
    page.goto(office.url("/import?q=待确认"))
    page.get_by_role("link", name="待确认.xlsx").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载带批注的原表").click()
    assert waiting.value.suggested_filename == "待确认（请修改）.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))["汇总"]
    assert any(cell.comment for row in sheet.iter_rows() for cell in row)
    page.context.close()


def test_the_same_files_again_add_nothing_and_hostile_ones_harm_nothing(office: Office, tmp_path: Path) -> None:
    before = [office.count(f"SELECT count(*) FROM {table}") for table in ("wish", "child", "import_row")]
    for name, data in HOSTILE.items():
        (tmp_path / name).write_bytes(data)
    page = office.sign_in()
    page.goto(office.url("/import"))
    page.locator("input[type=file]").set_input_files([*sorted((DATA / "wishes").iterdir()), *sorted(tmp_path.iterdir())])
    page.get_by_role("button", name="上传并读取").click()
    expect(page.get_by_role("navigation", name="文件")).to_contain_text("271", timeout=90_000)  # 132 twice, one, six
    office.wait_until_read()
    assert [office.count(f"SELECT count(*) FROM {table}") for table in ("wish", "child", "import_row")] == before
    page.goto(office.url("/import?show=failed"))
    expect(page.locator("tbody tr")).to_have_count(len(HOSTILE))
    for name in HOSTILE:
        row = page.locator("tbody tr", has_text=name)
        expect(row.locator(".intake-problem")).to_have_text(re.compile("。$"))
    page.context.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_accessible_and_fits(office: Office, size: dict[str, int], lang: str) -> None:
    page = office.sign_in(size)
    file_id = office.count("SELECT id FROM import_file WHERE name = '待确认.xlsx'")
    row_id = office.count(f"SELECT min(id) FROM import_row WHERE file_id = {file_id}")
    paths = ["/import", "/import/new", "/import/words", f"/import/row/{row_id}"]
    paths += [f"/import/{file_id}?show={show}" for show in ("rejected", "duplicate", "grid")]
    for path in paths:
        page.goto(office.url(path) + ("&" if "?" in path else "?") + f"lang={lang}")
        assert findings(page.content()) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
        found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        assert not found, (path, json.dumps([(one["id"], [node["html"] for node in one["nodes"]]) for one in found], ensure_ascii=False))
    page.context.close()


def test_without_scripts_files_are_sent_and_entries_decided(office: Office) -> None:
    signed_in = office.sign_in()
    context = office.browser.new_context(java_script_enabled=False, locale="zh-CN")
    context.add_cookies(signed_in.context.cookies())
    page = context.new_page()
    page.goto(office.url("/import"))
    data = xlsx([row for row in DIRTY if "神秘" in row[7]], title="临安区锦北街道微心愿")
    page.locator("input[type=file]").set_input_files({"name": "无脚本.xlsx", "mimeType": "", "buffer": data})
    page.get_by_role("button", name="上传并读取").click()
    expect(page.get_by_text("收到 1 份文件")).to_be_visible()
    office.wait_until_read()
    page.goto(office.url("/import?q=无脚本"))
    page.get_by_role("link", name="无脚本.xlsx").click()
    page.get_by_role("button", name="接收", exact=True).click()
    expect(page.get_by_text("已接收").first).to_be_visible()
    context.close()
    signed_in.context.close()


def test_an_upload_that_loses_the_network_can_be_sent_again(office: Office) -> None:
    page, before = office.sign_in(), office.count("SELECT count(*) FROM import_file")
    page.goto(office.url("/import"))
    files = [{"name": f"断网{n}.csv", "mimeType": "", "buffer": f"序号,姓名,微心愿\r\n{n},章{n},书包".encode()} for n in range(30)]
    page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    sent = []
    page.on("request", lambda request: sent.append(1) if request.method == "POST" else None)
    page.route("**/import", lambda route: route.abort() if route.request.method == "POST" and len(sent) > 1 else route.continue_())
    page.get_by_role("button", name="上传并读取").click()
    expect(page.locator("[data-sending-words]")).to_contain_text("上传中断", timeout=60_000)
    assert office.count("SELECT count(*) FROM import_file") == before + 12
    page.unroute("**/import")
    page.get_by_role("button", name="上传并读取").click()
    expect(page).to_have_url(re.compile("/import$"))
    expect(page.get_by_role("navigation", name="文件")).to_contain_text(str(before + 30), timeout=60_000)
    assert office.count("SELECT count(*) FROM import_file") == before + 30
    page.context.close()
