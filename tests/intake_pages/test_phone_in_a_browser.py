"""The form for one wish on a phone, in a village without signal: nothing is lost, nothing sent twice, nothing left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.installation import Installation
from tests.intake_pages.office import PHONE, Office, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("intake-on-a-phone")]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    place = opened(Installation(tmp_path_factory.mktemp("intake")))
    with place.served():
        yield Office(place, browser)


def _fill_in(page: Page, child: str, wish: str, price: str = "120") -> None:
    page.get_by_label("想要什么").fill(wish)
    page.get_by_label("大概多少钱").fill(price)
    page.get_by_label("孩子姓名").fill(child)
    page.get_by_text("女", exact=True).click()
    page.get_by_label("出生日期").fill("2012-05-01")
    page.get_by_label("监护人姓名").fill(f"余{child[1]}")
    page.get_by_label("监护人电话").fill("19900008888")
    page.get_by_text("已书面同意").click()


def _kept(page: Page) -> str:
    return str(page.evaluate("JSON.stringify(Object.entries(localStorage))"))


def test_a_wish_entered_without_signal_survives_and_is_sent_once(office: Office) -> None:
    page, before = office.sign_in(PHONE), office.count("SELECT count(*) FROM wish")
    page.goto(office.url("/import/new"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.get_by_label("想要什么").fill("望远镜")
    page.get_by_label("孩子姓名").fill("俞寅寅")
    page.wait_for_timeout(600)
    page.context.set_offline(True)
    page.reload()  # the page itself opens without signal, and what was typed is there
    expect(page.get_by_label("想要什么")).to_have_value("望远镜")
    expect(page.get_by_label("孩子姓名")).to_have_value("俞寅寅")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("处需要改一下")  # said without the server
    _fill_in(page, "俞寅寅", "望远镜")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-outbox]")).to_contain_text("望远镜 · 俞寅寅 没有信号，等着发送")
    expect(page.get_by_label("孩子姓名")).to_have_value("")
    _fill_in(page, "俞卯卯", "电动车")  # a second one, which the rules will not take
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-outbox] li")).to_have_count(2)
    page.reload()
    expect(page.locator("[data-outbox] li")).to_have_count(2)
    assert office.count("SELECT count(*) FROM wish") == before
    page.context.set_offline(False)
    expect(page.locator("[data-outbox] li")).to_have_count(1, timeout=60_000)
    assert office.count("SELECT count(*) FROM wish") == before + 1
    expect(page.locator("[data-outbox]")).to_contain_text("需要修改", timeout=60_000)
    page.get_by_role("button", name="修改").click()
    expect(page.get_by_role("alert")).to_contain_text("不安全的物品")
    page.get_by_label("想要什么").fill("地球仪")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".toasts")).to_contain_text("地球仪 · 俞卯卯：已登记", timeout=60_000)
    assert office.count("SELECT count(*) FROM wish") == before + 2
    kept = _kept(page)
    assert not [word for word in ("俞寅寅", "俞卯卯", "余寅", "19900008888") if word in kept]
    page.context.close()


def test_an_answer_that_is_lost_on_the_way_enters_nothing_twice(office: Office) -> None:
    page, before = office.sign_in(PHONE), office.count("SELECT count(*) FROM wish")
    page.goto(office.url("/import/new"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    answers: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        answers.append(route.fetch().status)  # it arrives, and the answer is lost
        route.abort()

    page.route("**/import/new", lose)
    _fill_in(page, "俞辰辰", "台灯")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-outbox]")).to_contain_text("等着发送", timeout=60_000)
    assert answers == [200] and office.count("SELECT count(*) FROM wish") == before + 1
    page.unroute("**/import/new")
    page.get_by_role("button", name="现在发送").click()
    expect(page.locator("[data-outbox] li")).to_have_count(0, timeout=60_000)
    assert office.count("SELECT count(*) FROM wish") == before + 1
    page.context.close()


def test_signing_out_and_another_person_leave_nothing_on_the_phone(office: Office) -> None:
    page = office.sign_in(PHONE)
    page.goto(office.url("/import/new"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    _fill_in(page, "俞巳巳", "书架")
    page.context.set_offline(True)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-outbox] li")).to_have_count(1)
    assert "俞巳巳" in _kept(page)
    page.evaluate(
        "localStorage.setItem('mw-draft:wish:999999:draft', JSON.stringify({at: Date.now(), values: [['child', '俞午午']]}))"
    )
    page.route("**/import/new", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.context.set_offline(False)
    page.goto(office.url("/import"))
    assert "俞巳巳" in _kept(page)  # the list of files knows of it, too
    expect(page.locator("[data-outbox] li")).to_have_count(1)
    assert "俞午午" not in _kept(page)
    page.locator(".account summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page).not_to_have_url(re.compile("/import"))
    assert "俞巳巳" not in _kept(page)
    assert page.evaluate("caches.keys()") == []
    page.context.close()
