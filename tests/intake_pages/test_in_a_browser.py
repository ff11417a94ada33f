"""The whole of it in a real browser with real web, worker and broker processes: the 132 files of the demonstration campaign.

One story; each test is the next chapter and relies on those before it.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.installation import DATA, Installation
from tests.intake_pages.office import DESK, PHONE, Office, opened
from tests.intake_pages.senders import DIRTY, HEADER, HOSTILE, line, xlsx
from tests.web.house import findings

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("intake-in-a-browser")]

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    place = opened(Installation(tmp_path_factory.mktemp("intake")))
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
    with page.expect_download() as waiting:
        page.get_by_role("link", name="逐行结果").click()
    report = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert report["心愿"].max_row == 1 + len(DIRTY)
    page.context.close()


def test_the_same_files_again_add_nothing_and_hostile_ones_harm_nothing(office: Office, tmp_path: Path) -> None:
    before = [office.count(f"SELECT count(*) FROM {table}") for table in ("wish", "child", "import_row")]
    for name, data in HOSTILE.items():
        (tmp_path / name).write_bytes(data)
    page = office.sign_in()
    page.goto(office.url("/import"))
    page.locator("input[type=file]").set_input_files(
        [*sorted((DATA / "wishes").iterdir()), *sorted(tmp_path.iterdir())]
    )
    page.get_by_role("button", name="上传并读取").click()
    expect(page.get_by_role("navigation", name="文件")).to_contain_text(str(2 * 132 + 1 + len(HOSTILE)), timeout=90_000)
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
        assert not found, (
            path,
            json.dumps([(one["id"], [node["html"] for node in one["nodes"]]) for one in found], ensure_ascii=False),
        )
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
    files = [
        {"name": f"断网{n}.csv", "mimeType": "", "buffer": f"序号,姓名,微心愿\r\n{n},章{n},书包".encode()}
        for n in range(30)
    ]
    page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    sent = []
    page.on("request", lambda request: sent.append(1) if request.method == "POST" else None)
    page.route(
        "**/import",
        lambda route: route.abort() if route.request.method == "POST" and len(sent) > 1 else route.continue_(),
    )
    page.get_by_role("button", name="上传并读取").click()
    expect(page.locator("[data-sending-words]")).to_contain_text("上传中断", timeout=60_000)
    assert office.count("SELECT count(*) FROM import_file") == before + 12
    page.unroute("**/import")
    page.get_by_role("button", name="上传并读取").click()
    expect(page).to_have_url(re.compile("/import$"))
    expect(page.get_by_role("navigation", name="文件")).to_contain_text(str(before + 30), timeout=60_000)
    assert office.count("SELECT count(*) FROM import_file") == before + 30
    page.context.close()


def test_files_are_dropped_onto_the_page(office: Office, tmp_path: Path) -> None:
    names = [f"拖来{n}.csv" for n in range(3)]
    for n, name in enumerate(names):
        (tmp_path / name).write_text(f"序号,姓名,微心愿,知情同意\r\n{n},俞{'甲乙丙'[n]},书包,有", encoding="utf-8")
    page = office.sign_in()
    page.goto(office.url("/import"))
    zone = page.locator("[data-dropzone]").bounding_box()
    assert zone is not None
    at = {"x": zone["x"] + zone["width"] / 2, "y": zone["y"] + zone["height"] / 2}
    data = {"items": [], "files": [str(tmp_path / name) for name in names], "dragOperationsMask": 1}
    hand = page.context.new_cdp_session(page)
    for what in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": what, **at, "data": data})
    expect(page.locator("[data-files] li")).to_have_count(3)
    page.get_by_role("button", name="上传并读取").click()
    expect(page.get_by_text("收到 3 份文件")).to_have_count(1)
    office.wait_until_read()
    assert office.count("SELECT count(*) FROM import_file WHERE name LIKE '拖来%' AND state = 'done'") == 3
    page.context.close()


def test_consents_and_pairs_are_decided_with_one_key(office: Office) -> None:
    pair = [line("俞九", birth=birth, phone="19900007777", town="锦南街道") for birth in ("2012-01-05", "2012-08-09")]
    oral = [line(child, consent="口头同意", town="锦南街道") for child in ("俞七", "俞八")]
    page = office.sign_in()
    page.goto(office.url("/import"))
    data = xlsx([*pair, *oral], title="临安区锦南街道微心愿")
    page.locator("input[type=file]").set_input_files({"name": "成对.xlsx", "mimeType": "", "buffer": data})
    page.get_by_role("button", name="上传并读取").click()
    expect(page.get_by_role("link", name="成对.xlsx")).to_be_visible(timeout=60_000)
    office.wait_until_read()
    before = office.count("SELECT count(*) FROM wish")
    page.goto(office.url("/import?q=成对"))
    page.get_by_role("link", name="成对.xlsx").click()
    expect(page.get_by_role("table", name="与另一条并排比较")).to_contain_text("2012-08-09")
    page.wait_for_load_state()
    page.keyboard.press("m")
    expect(page.get_by_role("link", name=re.compile("可能重复 0"))).to_be_visible()
    assert office.count("SELECT count(*) FROM wish WHERE status = 'rejected' AND item = '书包'") >= 1
    refused = page.get_by_role("navigation", name="看什么").get_by_role("link", name=re.compile("未接收"))
    refused.click()
    expect(refused).to_have_attribute("aria-current", "page")
    page.wait_for_load_state()
    page.keyboard.press("c")
    page.locator("details[open]").get_by_label("谁同意的").select_option("奶奶")
    page.locator("details[open]").get_by_role("button", name="登记，记在我名下").click()
    expect(page.locator(".entry")).to_have_count(1)
    page.get_by_role("button", name="登记同意", exact=True).first.click()  # all that are left, at once
    expect(page.get_by_text("已登记 1 条同意")).to_be_visible()
    assert office.count("SELECT count(*) FROM wish") == before + 2
    assert office.count("SELECT count(*) FROM consent WHERE basis = 'phone' AND recorded_by IS NOT NULL") >= 2
    page.context.close()


def test_what_a_coordinator_corrects_is_remembered_for_its_sender(office: Office) -> None:
    header = list(HEADER)
    header[10] = "小小期待"
    page, town = office.sign_in(), {"title": "临安区玲珑街道微心愿"}

    def send(name: str, data: bytes) -> None:
        page.goto(office.url("/import"))
        page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": data})
        page.get_by_role("button", name="上传并读取").click()
        expect(page.get_by_role("link", name=name)).to_be_visible(timeout=60_000)
        office.wait_until_read()

    def accepted(name: str) -> int:
        return office.count(
            "SELECT count(*) FROM import_row r JOIN import_file f ON f.id = r.file_id "
            f"WHERE f.name = '{name}' AND r.status = 'accepted'"
        )

    # a value
    send("词一.xlsx", xlsx([line("俞一一", "噼啪宝", town="玲珑街道")], **town))
    page.get_by_role("link", name="词一.xlsx").click()
    expect(page.locator(".entry")).to_have_count(1)
    page.wait_for_load_state()
    page.keyboard.press("e")
    page.get_by_label("物品").fill("地球仪")
    page.get_by_role("button", name="保存并重新判断").click()
    expect(page.get_by_text("记住了")).to_be_visible()
    send("词二.xlsx", xlsx([line("俞二二", "噼啪宝", town="玲珑街道")], **town))
    assert accepted("词二.xlsx") == 1
    # a column
    rows = [[*line(child, town="玲珑街道")[:7], "", *line(child)[8:10], "地球仪"] for child in ("俞三三", "俞四四")]
    send("列一.xlsx", xlsx(rows, header=header, **town))
    page.get_by_role("link", name="列一.xlsx").first.click()
    page.get_by_role("link", name="原表", exact=True).click()
    page.get_by_text("的列是这样认的").click()
    column = page.locator(".roles__column", has_text="小小期待")
    column.get_by_role("combobox").select_option("wish")
    column.get_by_role("button", name="改").click()
    expect(page.get_by_text("记住了")).to_be_visible()
    office.wait_until_read()
    rows = [[*line(child, town="玲珑街道")[:7], "", *line(child)[8:10], "地球仪"] for child in ("俞五五", "俞六六")]
    send("列二.xlsx", xlsx(rows, header=header, **town))
    assert accepted("列二.xlsx") == 2
    # both are on the page of words, and can be forgotten
    page.goto(office.url("/import/words"))
    habits = page.locator("#habits")
    expect(habits).to_contain_text("玲珑街道")
    expect(habits).to_contain_text("小小期待")
    expect(habits).to_contain_text("噼啪宝")
    habits.get_by_role("button", name="忘掉").first.click()
    expect(page.locator("#habits li")).to_have_count(1)
    # a category for a thing of nobody's list, for all senders
    page.get_by_label("发件人写的").fill("稀奇宝")
    page.get_by_label("标准物品名").fill("稀奇宝")
    page.get_by_label("类别").select_option("toy")
    page.get_by_role("button", name="加入词表").click()
    expect(page.locator("#added")).to_contain_text("稀奇宝")
    send("词三.xlsx", xlsx([line("俞七七", "稀奇宝", town="锦北街道")], title="临安区锦北街道微心愿"))
    assert accepted("词三.xlsx") == 1
    assert office.count("SELECT count(*) FROM wish WHERE item = '稀奇宝' AND category = 'toy'") == 1
    page.context.close()
