"""The design system in a real browser: accessible, unbroken at phone and desk width, and able to do without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.bare_app import bare_app, serving

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 375, "height": 812}, {"width": 1440, "height": 900}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A link inside a sentence is exempt (WCAG 2.5.8); a stretched one is as large as the card it covers.
SMALL_TARGETS = """() => [...document.querySelectorAll('a[href], button, summary, input, select, textarea')]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('p:not([class]) > a, .skip'))
  .map(e => {
    const label = ['checkbox', 'radio'].includes(e.type) ? e.labels[0] : e;
    const cover = getComputedStyle(label, '::after');
    const stretched = cover.content !== 'none' && cover.position === 'absolute';
    const box = label.getBoundingClientRect();
    const what = `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 20)}`;
    return {what, stretched, wide: box.width, high: box.height};
  })
  .filter(t => !t.stretched && t.wide > 0 && (t.wide < 43.9 || t.high < 43.9))
  .map(t => `${t.what}: ${t.wide} × ${t.high}`)"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(bare_app()) as address:
        yield address


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, has_touch=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("size", "lang", "scheme"),
    [(PHONE, "zh", "light"), (PHONE, "en", "dark"), (DESK, "en", "light"), (DESK, "zh", "dark")],
    ids=["phone-zh-light", "phone-en-dark", "desk-en-light", "desk-zh-dark"],
)
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, site: str, size: dict[str, int], lang: str, scheme: str
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in ("/", "/problem"):
        page.goto(f"{site}{path}?lang={lang}")
        found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        assert not found, json.dumps(
            [(one["id"], [node["html"] for node in one["nodes"]]) for one in found], ensure_ascii=False, indent=1
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert [one for one in complaints if "404" not in one] == []
    context.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_target_on_a_phone_is_large_enough_for_a_finger(phone: Page, site: str, lang: str) -> None:
    phone.goto(f"{site}/?lang={lang}")
    assert phone.evaluate(SMALL_TARGETS) == []


def test_a_list_is_worked_by_keyboard_alone(desk: Page, site: str) -> None:
    desk.goto(site)
    for key in ("j", "j", "x"):
        desk.keyboard.press(key)
    rows = desk.locator("[data-row]")
    assert [rows.nth(at).locator("input").is_checked() for at in range(3)] == [False, True, False]
    assert desk.locator("[data-bulk-count]").inner_text() == "已勾选 1 条"
    desk.keyboard.press("/")
    assert desk.evaluate("document.activeElement.name") == "q"
    desk.keyboard.type("jx?")
    assert rows.locator("input:checked").count() == 1, "letters typed into a field are letters"


def test_single_keys_can_be_switched_off_and_stay_off(desk: Page, site: str) -> None:
    desk.goto(site)
    desk.keyboard.press("?")
    desk.get_by_label("关闭单键操作").check()
    desk.keyboard.press("Escape")
    desk.reload()
    desk.keyboard.press("j")
    assert desk.locator("[data-here]").count() == 0


def test_the_other_language_keeps_the_page_and_what_was_asked_for(phone: Page, site: str) -> None:
    phone.goto(f"{site}/?nav=4&lang=zh&q=a%26b#places")
    phone.locator("[data-language]").click()
    assert phone.url == f"{site}/?nav=4&q=a%26b&lang=en#places"
    assert phone.locator("html").get_attribute("lang") == "en"


def draft_of(page: Page) -> str | None:
    draft = page.evaluate("localStorage.getItem('mw-draft:entry')")
    assert draft is None or isinstance(draft, str)
    return draft


def begin(page: Page, site: str, story: str) -> None:
    page.goto(f"{site}/entry")
    page.locator("#f-story").fill(story)
    page.wait_for_function("story => localStorage.getItem('mw-draft:entry')?.includes(story)", arg=story)


def test_a_draft_comes_back_without_what_says_who_a_child_is(phone: Page, site: str) -> None:
    phone.goto(f"{site}/entry")
    phone.locator("#f-alias").fill("不可留下")
    phone.locator("#f-kind").select_option("service")
    begin_again = "旧的坏了"
    phone.locator("#f-story").fill(begin_again)
    phone.wait_for_function("story => localStorage.getItem('mw-draft:entry')?.includes(story)", arg=begin_again)
    assert "不可留下" not in (draft_of(phone) or "")
    phone.goto(f"{site}/entry")
    assert phone.locator("#f-story").input_value() == begin_again
    assert phone.locator("#f-kind").input_value() == "service"
    assert phone.locator("#f-alias").input_value() == ""
    phone.get_by_role("button", name="清空重填").click()
    assert phone.locator("#f-story").input_value() == ""
    assert draft_of(phone) is None


def test_a_draft_ends_when_it_is_sent_and_stays_when_it_is_sent_back(phone: Page, site: str) -> None:
    begin(phone, site, "短")
    phone.get_by_role("button", name="提交").click()
    phone.locator(".field__error").wait_for()
    assert draft_of(phone) is not None
    phone.locator("#f-story").fill("旧书包坏了")
    phone.get_by_role("button", name="提交").click()
    phone.wait_for_url(f"{site}/problem")
    assert draft_of(phone) is None


def test_without_signal_a_form_stays_and_its_draft_is_kept(phone: Page, site: str) -> None:
    begin(phone, site, "没有信号")
    phone.context.set_offline(True)
    phone.get_by_role("button", name="提交").click()
    phone.locator(".toasts").get_by_text("现在没有网络").wait_for()
    assert "没有信号" in (draft_of(phone) or "")
    assert phone.url == f"{site}/entry"


def test_signing_out_leaves_no_draft_on_the_phone(phone: Page, site: str) -> None:
    begin(phone, site, "别留下")
    phone.locator(".account > summary").click()
    phone.get_by_role("button", name="退出登录").click()
    phone.goto(f"{site}/problem")
    assert draft_of(phone) is None


def test_progress_shows_itself_through_a_failure_and_stops_when_the_work_is_over(browser: Browser) -> None:
    asked: list[str] = []
    with serving(bare_app()) as address:
        context = browser.new_context(viewport=DESK)
        page = context.new_page()
        page.on("response", lambda answer: asked.append(f"{answer.status}") if "/progress" in answer.url else None)
        page.goto(f"{address}/progress")
        page.get_by_role("progressbar").and_(page.locator("[aria-valuenow='3']")).wait_for()
        page.get_by_text("完成").wait_for()
        assert page.locator("[data-live]").count() == 0
        page.wait_for_timeout(1500)
        context.close()
    assert asked == ["200", "503", "200", "200"]


def test_without_scripts_windows_open_questions_unfold_and_rows_are_ticked(browser: Browser, site: str) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(site)
    page.locator("[data-dialog]").click()
    assert page.locator("#demo-dialog").is_visible()
    page.locator("#demo-dialog .dialog__close").click()
    assert page.locator("#demo-dialog").is_hidden()
    page.locator("#demo-release > summary").click()
    assert page.locator("#demo-release textarea").is_visible()
    page.locator("[data-row] input").first.check()
    assert page.get_by_role("button", name="提醒").is_visible()
    page.locator(".tabbar__more > summary").click()
    assert page.locator(".tabbar__sheet a").first.is_visible()
    context.close()
