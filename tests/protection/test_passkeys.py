"""Passkeys in a real browser with a virtual authenticator: made, named, used as second step and as both, removed; copies open nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from playwright.sync_api import Browser, CDPSession, Page

from tests.factories import Place
from tests.web.bare_app import serving
from tests.web.people import Person, app_of, grants_of, signed_up
from wishes.access import Role
from wishes.clock import utc_now
from wishes.db import Database
from wishes.errors import Invalid
from wishes.model import table_of
from wishes.people import passkeys
from wishes.people.passkeys import Challenge, party_of
from wishes.people.second_step import has_second_step, set_up
from wishes.people.tables import Passkey, WebSession
from wishes.protection.tables import AuditEntry
from wishes.settings import Settings

PASSKEY, ENTRY, SESSION = table_of(Passkey), table_of(AuditEntry), table_of(WebSession)
LOGIN, PASSWORD = "13900000001", "seven quiet herons"


@dataclass
class Site:
    app: Flask
    database: Database
    place: Place
    address: str

    def account(self, role: Role, login: str = LOGIN) -> int:
        with self.database.transaction() as session:
            return signed_up(session, grants_of(self.place)[role], login=login, password=PASSWORD)

    def rows(self, query: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.execute(query))


@pytest.fixture
def site(settings: Settings, database: Database, place: Place) -> Iterator[Site]:
    app = app_of(replace(settings, second_step_required=True))
    with serving(app) as address:
        address = address.replace("127.0.0.1", "localhost")
        app.extensions["microwish.settings"] = replace(app.extensions["microwish.settings"], base_url=address)
        yield Site(app, database, place, address)
    app.extensions["microwish.database"].dispose()


@dataclass
class Device:
    """A browser with an authenticator in it."""

    page: Page
    cdp: CDPSession
    authenticator: str
    complaints: list[str]

    def keys(self) -> list[dict[str, Any]]:
        told = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        found: list[dict[str, Any]] = told["credentials"]
        return found

    def owner(self, present: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": present})

    def enters(self, site: Site, login: str = LOGIN) -> None:
        self.page.goto(f"{site.address}/sign-in?lang=zh")
        self.page.locator("#f-login").fill(login)
        self.page.locator("#f-password").fill(PASSWORD)
        self.page.locator("#sign-in button").click()
        self.page.wait_for_load_state()

    def leaves(self) -> None:
        self.page.context.clear_cookies()

    def is_in(self, site: Site) -> bool:
        self.page.goto(f"{site.address}/account")
        return self.page.url == f"{site.address}/account"


@contextmanager
def device_of(browser: Browser) -> Iterator[Device]:
    context = browser.new_context(viewport={"width": 375, "height": 812}, locale="zh-CN")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    made = cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield Device(page, cdp, made["authenticatorId"], complaints)
    context.close()
    assert complaints == []


@pytest.fixture
def device(browser: Browser) -> Iterator[Device]:
    with device_of(browser) as made:
        yield made


@pytest.mark.browser
def test_who_must_have_a_second_step_sets_up_a_passkey_and_signs_in_by_it(site: Site, device: Device) -> None:
    account_id = site.account(Role.COORDINATOR)
    page = device.page
    device.enters(site)
    assert "/sign-in/second-step" in page.url
    page.locator("#key-name").fill("值班手机")
    page.get_by_role("button", name="用通行密钥").click()
    page.get_by_text("第二步验证已启用").wait_for()
    assert page.locator(".code li").count() == 10
    [row] = site.rows(sa.select(PASSKEY))
    assert (row.account_id, row.name, row.transports) == (account_id, "值班手机", "internal")
    page.get_by_role("link", name="记好了").click()
    assert device.is_in(site)
    device.leaves()
    device.enters(site)
    assert not device.is_in(site), "the password alone lets nobody in"
    device.enters(site)
    page.get_by_role("button", name="用通行密钥").click()
    page.wait_for_url("**/c/**")
    assert device.is_in(site) and "值班手机" in page.content()
    device.leaves()
    page.goto(f"{site.address}/sign-in")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url("**/c/**")
    assert device.is_in(site), "its owner's finger and the key are both steps"
    kinds = [row.kind for row in site.rows(sa.select(ENTRY.c.kind).where(ENTRY.c.account_id == account_id))]
    assert kinds.count("passkey") == 1


@pytest.mark.browser
def test_a_passkey_is_added_to_codes_listed_and_removed_but_never_the_last_step_of_who_needs_one(
    site: Site, device: Device
) -> None:
    account_id = site.account(Role.SOCIAL_WORKER)
    secret = pyotp.random_base32()
    with site.database.transaction() as session:
        set_up(
            session, account_id=account_id, secret=secret, code=pyotp.TOTP(secret).at(utc_now() - timedelta(seconds=30)),
            secret_key=site.app.extensions["microwish.settings"].secret_key, now=utc_now(),
        )  # fmt: skip
    page = device.page
    device.enters(site)
    page.locator("#f-code").fill(pyotp.TOTP(secret).at(utc_now()))
    page.get_by_role("button", name="继续").click()
    page.wait_for_url("**/c/**")
    page.goto(f"{site.address}/account/passkeys/new")
    page.locator("#f-name").fill("办公室电脑")
    page.get_by_role("button", name="继续").click()
    page.wait_for_url(f"{site.address}/account#second-step")
    assert "办公室电脑" in page.content() and len(device.keys()) == 1
    page.goto(f"{site.address}/account/passkeys/new")
    page.get_by_role("button", name="继续").click()
    page.locator(".toasts").get_by_text("已有您的通行密钥").wait_for()
    assert len(site.rows(sa.select(PASSKEY))) == 1
    page.goto(f"{site.address}/account")
    page.locator(".confirm > summary").first.click()
    page.get_by_role("button", name="删除").click()
    page.get_by_text("通行密钥已删除").wait_for()
    assert site.rows(sa.select(PASSKEY)) == []


@pytest.mark.browser
def test_the_last_second_step_of_a_role_that_needs_one_stays(site: Site, device: Device) -> None:
    account_id = site.account(Role.COORDINATOR)
    page = device.page
    device.enters(site)
    page.get_by_role("button", name="用通行密钥").click()
    page.get_by_role("link", name="记好了").click()
    page.goto(f"{site.address}/account")
    page.locator(".confirm > summary").first.click()
    page.get_by_role("button", name="删除").click()
    page.get_by_text("请先添加另一种").wait_for()
    with site.database.transaction() as session:
        assert has_second_step(session, account_id)
        session.execute(sa.update(SESSION).values(created_at=utc_now() - timedelta(minutes=16)))
    page.goto(f"{site.address}/account/passkeys/new")
    assert "/sign-in?next=" in page.url, "a browser left open adds no key"


@pytest.mark.browser
def test_another_device_or_an_owner_who_is_away_opens_nothing(site: Site, device: Device, browser: Browser) -> None:
    site.account(Role.COORDINATOR)
    device.enters(site)
    device.page.get_by_role("button", name="用通行密钥").click()
    device.page.get_by_role("link", name="记好了").click()
    device.leaves()
    device.owner(False)
    device.page.goto(f"{site.address}/sign-in")
    device.page.get_by_role("button", name="用通行密钥登录").click()
    device.page.locator(".toasts").get_by_text("没有完成").wait_for()
    assert not device.is_in(site)
    with device_of(browser) as other:
        site.account(Role.COORDINATOR, "13900000002")
        other.enters(site, "13900000002")
        other.page.get_by_role("button", name="用通行密钥").click()
        other.page.get_by_role("link", name="记好了").click()
        other.leaves()
        other.enters(site)  # the first one's password, the second one's key
        other.page.get_by_role("button", name="用通行密钥").click()
        other.page.locator(".toasts").get_by_text("没有完成").wait_for()
        assert not other.is_in(site)


@pytest.mark.browser
def test_an_answer_that_was_overheard_signs_in_nobody(site: Site, device: Device) -> None:
    site.account(Role.COORDINATOR)
    page, heard = device.page, list[Any]()
    device.enters(site)
    page.get_by_role("button", name="用通行密钥").click()
    page.get_by_role("link", name="记好了").click()
    device.leaves()
    page.on("request", lambda request: heard.append(request) if request.url.endswith("/sign-in/passkey") else None)
    page.goto(f"{site.address}/sign-in")
    before = page.context.cookies()
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url("**/c/**")
    [request] = heard
    device.leaves()
    page.context.add_cookies(before)  # type: ignore[arg-type]
    again = page.request.post(
        request.url, data=request.post_data, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert again.status == 401 and not device.is_in(site)


def test_where_browsers_have_no_passkeys_none_are_offered() -> None:
    assert party_of("http://127.0.0.1:8000") is None and party_of("https://192.0.2.1") is None
    assert party_of("http://wish.example.org") is None and party_of("https://[2001:db8::1]") is None
    assert party_of("http://localhost:8000") == passkeys.Party("localhost", "http://localhost:8000")
    assert party_of("https://wish.example.org") == passkeys.Party("wish.example.org", "https://wish.example.org")


def test_without_a_second_step_to_show_nothing_is_asked_of_a_passkey(app: Flask) -> None:
    assert "data-passkey" not in Person(app).get("/sign-in").text


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData",
                         "signature", "transports", "userHandle"]), inner, max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


def test_answers_made_up_of_anything_are_refused_and_crash_nothing(site: Site) -> None:
    account_id = site.account(Role.COORDINATOR)
    party, challenge = passkeys.Party("localhost", "http://localhost"), Challenge(b"c" * 32, utc_now())

    @effort(max_examples=150, deadline=None)
    @given(_ANY.map(json.dumps) | st.text(max_size=40) | st.just("[" * 5_000))
    def told(answer: str) -> None:
        with site.database.transaction() as session:
            assert passkeys.prove(session, answer=answer, party=party, challenge=challenge, now=utc_now()) is None
            with pytest.raises(Invalid):
                passkeys.add(
                    session, account_id=account_id, name="x", answer=answer, party=party, challenge=challenge, now=utc_now()
                )  # fmt: skip

    told()
