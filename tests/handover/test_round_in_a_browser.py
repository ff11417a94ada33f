"""The courier's page in a real browser: what it checks, what it says, and what becomes of what was scanned."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import col

from tests.handover.browser_round import PHONE, Village, ready, sign_in, wait_until
from tests.handover.round_page import (
    WITHOUT_ED25519,
    enter,
    keep,
    load_anew,
    opened,
    scans_of,
    send,
    send_all_later,
    waiting,
)
from tests.web.test_design_in_a_browser import DESK, SMALL_TARGETS, WCAG
from wishes.access import Role
from wishes.claims import actions as claims
from wishes.clock import utc_now
from wishes.handover.actions import issue_codes
from wishes.handover.keys import signing_keys
from wishes.handover.tokens import human_code
from wishes.intake.tables import Wish

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("round-in-a-browser")]


def test_a_scanner_gun_and_typed_codes_make_a_hand_over_that_can_be_taken_back_until_it_is_sent(
    village: Village, phone: Page
) -> None:
    first, second = village.parcel(item="文具盒"), village.parcel()
    load_anew(phone)
    phone.locator("h1").click()  # a gun types wherever the focus is
    phone.keyboard.type(f"{village.server.address.upper()}/H/{first.label.text}")
    phone.keyboard.press("Enter")
    expect(phone.locator("#round-parcel")).to_contain_text("文具盒")
    assert "服务器核对" in enter(phone, human_code(first.receipt).lower().replace("-", " "))
    phone.locator("#round-confirm").click()
    waiting(phone, 1)
    expect(phone.locator("#round-queue")).to_contain_text("上传时核对")
    phone.get_by_role("button", name="撤销上一件").click()
    waiting(phone, 0)
    keep(phone, second)
    expect(phone.locator("#round-queue")).to_contain_text("两个码已核对")
    enter(phone, human_code(first.label))
    enter(phone, human_code(first.receipt))
    phone.locator("#round-confirm").click()
    waiting(phone, 2)
    send(phone)
    waiting(phone, 0)
    assert {first.wish_id, second.wish_id} <= set(village.delivered())
    [typed], [scanned] = scans_of(village, first), scans_of(village, second)
    assert (scanned.device_seq, typed.device_seq) == (1, 2), (
        "what was taken back leaves no gap that looks like a lost scan"
    )
    assert (scanned.evidence, typed.evidence) == ("both_codes", "receipt_code"), "the record says which was checked how"
    assert enter(phone, second.label.text).startswith("这件已经扫过了")


@pytest.mark.parametrize("script", ["", WITHOUT_ED25519], ids=["with-ed25519", "without-ed25519"])
def test_forged_foreign_and_mismatched_codes_are_told_without_the_server(
    village: Village, browser: Browser, phones: list[BrowserContext], script: str
) -> None:
    parcel, other = village.parcel(), village.parcel()
    phone = opened(village, browser, phones, script=script)
    ready(phone)
    phone.context.set_offline(True)
    altered = parcel.label.text[:20] + ("A" if parcel.label.text[20] != "A" else "B") + parcel.label.text[21:]
    assert "签名不对" in enter(phone, altered)
    assert "不是本平台" in enter(phone, "https://example.org/somewhere-else")
    typed = human_code(parcel.label)
    assert "有一位不对" in enter(phone, typed[:-1] + ("0" if typed[-1] != "0" else "1"))
    assert "包裹对" in enter(phone, parcel.label.text)
    assert "不是同一份" in enter(phone, other.receipt.text)
    expect(phone.locator("#round-confirm")).to_be_hidden()
    assert "两个码都对" in enter(phone, parcel.receipt.text)
    waiting(phone, 0)
    phone.locator("#round-confirm").click()
    waiting(phone, 1)


def test_a_complete_pair_is_not_pushed_aside_by_the_next_parcel(village: Village, phone: Page) -> None:
    first, second = village.parcel(), village.parcel()
    load_anew(phone)
    enter(phone, first.label.text)
    enter(phone, first.receipt.text)
    assert "先确认上一件" in enter(phone, second.label.text)
    phone.locator("#round-confirm").click()
    waiting(phone, 1)
    send(phone)
    waiting(phone, 0)
    assert first.wish_id in village.delivered() and second.wish_id not in village.delivered()


def test_nothing_that_lies_on_the_phone_can_be_read_without_its_key_which_it_does_not_hand_out(
    village: Village, phone: Page
) -> None:
    parcel = village.parcel(item="很特别的书包")
    load_anew(phone)
    phone.context.set_offline(True)
    keep(phone, parcel)
    kept, extractable = phone.evaluate("""async () => {
      const base = await idb.openDB("mw-round");
      const text = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value)
        ? [...new Uint8Array(value.buffer ?? value)].map((byte) => String.fromCharCode(byte)).join("") + new TextDecoder().decode(value)
        : value && typeof value === "object" ? Object.entries(value).map(([name, one]) => name + "=" + text(one)).join(";") : String(value);
      let all = JSON.stringify(localStorage), keys = [];
      for (const name of base.objectStoreNames) for (const row of await base.getAll(name)) {
        if (row instanceof CryptoKey) keys.push(row.extractable); else all += name + ":" + text(row);
      }
      return [all, keys];
    }""")
    assert "queue:" in kept and "packs:" in kept and extractable and not any(extractable)
    for secret in (
        parcel.label.text,
        parcel.receipt.text,
        human_code(parcel.receipt),
        "很特别的书包",
        village.code(parcel),
        parcel.label.tag.hex(),
    ):
        assert secret not in kept
    send_all_later(phone)


def test_a_parcel_that_was_cancelled_meanwhile_is_kept_for_a_coordinator_and_kindly_told(
    village: Village, phone: Page
) -> None:
    parcel = village.parcel()
    load_anew(phone)
    phone.context.set_offline(True)
    keep(phone, parcel)
    with village.database.transaction() as session:
        claims.cancel(session, wish_id=parcel.wish_id, actor=village.place.coordinator, now=utc_now(), reason="搬家了")
    send_all_later(phone)
    answer = phone.locator("#round-answers .round-row").first
    expect(answer).to_contain_text("有出入")
    [scan] = scans_of(village, parcel)
    assert scan.outcome == "conflict" and parcel.wish_id not in village.delivered()


def test_two_phones_without_signal_that_hand_over_the_same_parcel_leave_one_delivery_and_a_matter_to_settle(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    parcel = village.parcel()
    first, second = (opened(village, browser, phones) for _ in range(2))
    for phone in (first, second):
        phone.context.set_offline(True)
        keep(phone, parcel)
    for phone in (second, first):
        send_all_later(phone)
    assert village.confirmed().count(parcel.wish_id) == 1
    one, other = scans_of(village, parcel)
    assert one.device_id != other.device_id and "conflict" in {one.outcome, other.outcome}
    told = [phone.locator("#round-answers .round-row").inner_text() for phone in (first, second)]
    assert any("有出入" in words for words in told)


def test_a_label_that_was_replaced_meanwhile_is_not_dropped_and_its_courier_is_told(
    village: Village, phone: Page
) -> None:
    parcel = village.parcel()
    load_anew(phone)
    phone.context.set_offline(True)
    keep(phone, parcel)
    with village.database.transaction() as session:
        issue_codes(session, wish_id=parcel.wish_id, signer=signing_keys(village.keyring)[0], now=utc_now(), anew=True)
    send_all_later(phone)
    [scan] = scans_of(village, parcel)
    assert scan.outcome in ("conflict", "refused") and scan.code and parcel.wish_id not in village.delivered()
    expect(phone.locator("#round-answers .round-row").first).not_to_contain_text("已确认")


def test_a_round_can_be_narrowed_to_the_townships_one_goes_to_and_stays_so(village: Village, phone: Page) -> None:
    here, there = village.parcel(), village.parcel()
    with village.database.transaction() as session:
        session.execute(sa.update(Wish).where(col(Wish.id) == there.wish_id).values(township_code="330102009"))
    load_anew(phone)
    rows = phone.locator("#round-parcels .round-row")
    expect(phone.locator("#round-parcels")).to_contain_text(village.code(here))
    with phone.expect_response(lambda answer: "township=330102009" in answer.url):
        phone.get_by_label("330102009").check()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(village.code(there))
    phone.reload()
    expect(rows).to_have_count(1)
    expect(phone.get_by_label("330102009")).to_be_checked()
    with village.database.transaction() as session:
        session.execute(sa.update(Wish).where(col(Wish.id) == there.wish_id).values(township_code="330102001"))


def test_a_wrong_receipt_code_is_refused_by_the_server_and_the_parcel_can_be_scanned_again(
    village: Village, phone: Page
) -> None:
    parcel, other = village.parcel(), village.parcel()
    load_anew(phone)
    enter(phone, parcel.label.text)
    enter(phone, human_code(other.receipt))
    phone.locator("#round-confirm").click()
    waiting(phone, 1)
    send(phone)
    waiting(phone, 0)
    expect(phone.locator("#round-answers .round-row").first).to_contain_text("没有被接受")
    keep(phone, parcel)
    send(phone)
    waiting(phone, 0)
    assert parcel.wish_id in village.delivered()
    assert [scan.outcome for scan in scans_of(village, parcel)] == ["refused", "accepted"]


def test_a_refusal_needs_a_reason_and_leaves_the_parcel_on_its_way(village: Village, phone: Page) -> None:
    parcel = village.parcel()
    load_anew(phone)
    enter(phone, parcel.label.text)
    phone.get_by_role("button", name="没人在").click()
    expect(phone.locator("#round-said")).to_contain_text("先写一句原因")
    expect(phone.locator("#f-note")).to_be_focused()
    phone.keyboard.type("门锁着，\n邻居说明天回来")
    phone.get_by_role("button", name="没人在").click()
    waiting(phone, 1)
    send(phone)
    waiting(phone, 0)
    [scan] = scans_of(village, parcel)
    assert (scan.action, scan.outcome, scan.reason) == ("absent", "accepted", "门锁着， 邻居说明天回来")
    assert parcel.wish_id not in village.delivered()
    keep(phone, parcel)  # and the next time somebody is there
    send(phone)
    waiting(phone, 0)
    assert parcel.wish_id in village.delivered()


def test_a_social_worker_who_receives_for_the_children_scans_the_parcel_alone(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    parcel = village.parcel()
    grant = village.place.grant(Role.SOCIAL_WORKER, community_id=village.place.community_id)
    phone = opened(village, browser, phones, grants=(grant,))
    enter(phone, parcel.label.text)
    expect(phone.locator("#round-receipt")).to_contain_text("您就是收件方")
    phone.locator("#round-confirm").click()
    waiting(phone, 1)
    send(phone)
    waiting(phone, 0)
    [scan] = scans_of(village, parcel)
    assert (scan.outcome, scan.evidence) == ("accepted", "community")


def test_wechat_is_told_to_open_the_phones_own_browser(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    village.parcel()
    wechat = opened(
        village, browser, phones, user_agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 MicroMessenger/8.0.50"
    )
    expect(wechat.locator("#round-wechat")).to_be_visible()
    expect(opened(village, browser, phones).locator("#round-wechat")).to_be_hidden()


def test_without_a_camera_the_page_says_what_else_one_can_do(village: Village, phone: Page) -> None:
    phone.get_by_role("button", name="打开摄像头").click()
    expect(phone.locator("#round-said")).to_contain_text("扫码枪或手输")
    expect(phone.get_by_role("button", name="打开摄像头")).to_be_visible()


@pytest.mark.parametrize(
    ("size", "locale", "scheme"),
    [(PHONE, "zh-CN", "light"), (PHONE, "en-GB", "dark"), (DESK, "en-GB", "light"), (DESK, "zh-CN", "dark")],
    ids=["phone-zh-light", "phone-en-dark", "desk-en-light", "desk-zh-dark"],
)
def test_axe_finds_nothing_nothing_sticks_out_and_every_target_is_large_enough(
    village: Village, browser: Browser, phones: list[BrowserContext], size: dict[str, int], locale: str, scheme: str
) -> None:
    parcel, kept = village.parcel(), village.parcel()
    context = browser.new_context(viewport=size, locale=locale, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    phones.append(context)
    sign_in(context, village, village.cookie(village.account()))
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(village.url)
    expect(page.locator("#round-parcels .round-row").first).to_be_visible()
    assert_fit(page, size)
    for text in (kept.label.text, kept.receipt.text):
        enter(page, text)
    page.locator("#round-confirm").click()
    waiting(page, 1)
    enter(page, parcel.label.text)
    page.locator("#round-notes > summary").click()
    assert_fit(page, size)
    assert not complaints


def assert_fit(page: Page, size: dict[str, int]) -> None:
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    assert not found, json.dumps(
        [(one["id"], [node["html"] for node in one["nodes"]]) for one in found], ensure_ascii=False
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    if size is PHONE:
        assert page.evaluate(SMALL_TARGETS) == []


def test_a_signature_and_roughly_where_go_with_the_hand_over(
    village: Village, browser: Browser, phones: list[BrowserContext]
) -> None:
    """The place is a known answer: 57.64911, 10.40744 is u4pruydqqvj (Niemeyer's example), of which five letters are kept."""
    codes = village.parcel()
    page = opened(
        village, browser, phones, geolocation={"latitude": 57.64911, "longitude": 10.40744}, permissions=["geolocation"]
    )
    enter(page, codes.label.text)
    enter(page, codes.receipt.text)
    page.locator("#round-notes summary").click()
    pad = page.locator("#round-sign")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60, steps=8)
    page.mouse.up()
    page.locator("#round-place").click()
    expect(page.locator("#round-place-said")).to_contain_text("记下了")
    page.locator("#round-confirm").click()
    wait_until(lambda: village.photos(codes) == 1, seconds=40, what="the signature follows the scan")
    [scan] = [scan for scan in village.scans() if scan.wish_id == codes.wish_id]
    assert (scan.outcome, scan.place, scan.photo) == ("accepted", "u4pru", True)
    assert page.locator("#round-place-said").inner_text() == "", "the next parcel begins without"
