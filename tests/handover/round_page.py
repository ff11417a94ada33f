"""The courier's page as a test works it: entering codes, keeping, sending."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.handover.browser_round import PHONE, Village, sign_in
from wishes.handover.actions import Codes

# The clock of a phone: turned by what the page's own store of settings says, so that it outlives a reload.
CLOCK = """(() => {
  const ahead = () => Number(localStorage.getItem("test-ahead-ms") ?? %d);
  const Right = Date;
  window.Date = class extends Right {
    constructor(...given) { super(...(given.length ? given : [Right.now() + ahead()])); }
    static now() { return Right.now() + ahead(); }
  };
})()"""
WITHOUT_ED25519 = """(() => {
  const whole = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (format, key, algorithm, ...rest) => (algorithm.name ?? algorithm) === "Ed25519"
    ? Promise.reject(new DOMException("Unrecognized name", "NotSupportedError")) : whole(format, key, algorithm, ...rest);
})()"""


def opened(
    village: Village,
    browser: Browser,
    phones: list[BrowserContext],
    *,
    script: str = "",
    grants: Any = (),
    account_id: int = 0,
    **more: Any,
) -> Page:
    context = browser.new_context(**{"viewport": PHONE, "locale": "zh-CN", "reduced_motion": "reduce", **more})
    phones.append(context)
    sign_in(context, village, village.cookie(account_id or village.account(*grants)))
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.goto(village.url)
    expect(page.locator("#round-loaded")).to_contain_text("件")
    return page


# Every answer replaces the words, also by the same words: what is heard is the replacing, not a difference.
LISTEN = """() => { globalThis.testAnswered = new Promise((answered) => {
  const words = document.querySelector("#round-said [data-words]");
  new MutationObserver((_, self) => { self.disconnect(); answered(); }).observe(words, { childList: true });
}); }"""


def enter(page: Page, text: str) -> str:
    """Type a code, and answer what the page says to it."""
    page.locator("#f-typed").fill(text)
    page.evaluate(LISTEN)
    page.locator("#f-typed").press("Enter")
    page.evaluate("globalThis.testAnswered")
    return page.locator("#round-said [data-words]").inner_text()


def keep(page: Page, codes: Codes) -> None:
    """Scan both codes and confirm; it lies on the phone, and is shown, when this returns."""
    enter(page, codes.label.text)
    enter(page, codes.receipt.text)
    page.locator("#round-confirm").click()
    expect(page.locator("#round-confirm")).to_be_enabled()  # the button sleeps until all is written and drawn
    expect(page.locator("#round-said")).to_contain_text("记下了")


def waiting(page: Page, count: int) -> None:
    expect(page.locator("#round-queue .round-row")).to_have_count(count)


def send(page: Page) -> None:
    page.locator("#round-send").dispatch_event(
        "click"
    )  # it hides as soon as nothing waits, which may be before the click


def scans_of(village: Village, codes: Codes) -> list[Any]:
    return [scan for scan in village.scans() if scan.wish_id == codes.wish_id]


def load_anew(page: Page) -> None:
    with page.expect_response(lambda answer: "/round/pack" in answer.url) as answer:
        page.get_by_role("button", name="重新装载").click()
    for parcel in answer.value.json()["wishes"]:
        expect(page.locator("#round-parcels")).to_contain_text(parcel["code"] or parcel["item"])


def send_all_later(page: Page) -> None:
    page.context.set_offline(False)
    send(page)
    waiting(page, 0)
