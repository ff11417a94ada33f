"""Signing in by WeChat and WeCom: recognised by their own protocols, connected by who is signed in or invited, never merged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import Place, make_account, make_campaign
from tests.protection.outside_world import AT_A_DESK, IN_WECHAT, IN_WECOM, Providers, providers_on_loopback, sent
from tests.web.people import Person, app_of, grants_of
from wishes.access import Actor, Role
from wishes.clock import utc_now
from wishes.db import Database
from wishes.model import table_of
from wishes.people.actions import create_account, grant_role, open_session
from wishes.people.invitations import invite
from wishes.people.recovering import recover
from wishes.people.tables import Account, OutsideIdentity, WebSession
from wishes.protection.tables import AuditEntry
from wishes.settings import Settings

IDENTITY, ENTRY, ACCOUNT, SESSION = (table_of(m) for m in (OutsideIdentity, AuditEntry, Account, WebSession))
PASSWORD = "seven quiet herons"
WAYS = [("wechat", IN_WECHAT), ("wechat", AT_A_DESK), ("wecom", IN_WECOM), ("wecom", AT_A_DESK)]


@pytest.fixture
def providers() -> Iterator[Providers]:
    with providers_on_loopback() as found:
        yield found


@pytest.fixture
def app(settings: Settings, providers: Providers) -> Iterator[Flask]:
    made = app_of(providers.settings(settings))
    yield made
    made.extensions["microwish.database"].dispose()


class Browser:
    """A browser of one make, signed in as an account or as nobody."""

    def __init__(self, app: Flask, database: Database, agent: str, account_id: int | None = None) -> None:
        self.person, self.database, self.agent = Person(app), database, agent
        self.person.client.environ_base["HTTP_USER_AGENT"] = agent
        if account_id is not None:
            with database.transaction() as session:
                secret = open_session(session, account_id=account_id, now=utc_now(), hours=1)
            self.person.client.set_cookie("microwish", secret)

    def goes(self, begin: str, provider: str, providers: Providers, **who: Any) -> Any:
        """Out to the provider and back with a code; answers the page behind it."""
        out = self.person.client.get(begin)
        assert out.status_code == 302, out.text
        place = sent(out.location)
        code = f"code{len(providers.asked)}-{len(providers.codes)}"
        providers.codes[code] = who
        assert place.query["redirect_uri"] == f"http://localhost/sign-in/with/{provider}/back"
        return self.person.client.get(f"/sign-in/with/{provider}/back?code={code}&state={place.query['state']}")

    def is_in(self) -> bool:
        return bool(self.person.client.get("/account").status_code == 200)

    def connects(self, provider: str, providers: Providers, **who: Any) -> Any:
        back = self.goes(f"/account/with/{provider}", provider, providers, **who)
        assert back.location == "/account#outside"
        return self.person.post("/account/with", "/account")


def account_of(database: Database, place: Place, role: Role = Role.VOLUNTEER) -> int:
    with database.transaction() as session:
        return make_account(session, (grants_of(place)[role],), now=utc_now())


def rows(database: Database, query: Any) -> list[Any]:
    with database.reading() as session:
        return list(session.execute(query))


@pytest.mark.parametrize(("provider", "agent"), WAYS)
def test_what_was_connected_once_signs_in_from_then_on(
    app: Flask, database: Database, place: Place, providers: Providers, provider: str, agent: str
) -> None:
    account_id = account_of(database, place)
    assert Browser(app, database, agent, account_id).connects(provider, providers, who="甲").status_code == 302
    fresh = Browser(app, database, agent)
    answer = fresh.goes(f"/sign-in/with/{provider}?next=/inbox", provider, providers, who="甲")
    assert (answer.status_code, answer.location) == (302, "/inbox") and fresh.is_in()
    other = Browser(app, database, agent)
    assert (
        other.goes(f"/sign-in/with/{provider}", provider, providers, who="乙").status_code == 403 and not other.is_in()
    )


def test_each_browser_is_sent_where_its_kind_can_go(app: Flask, database: Database) -> None:
    def place(provider: str, agent: str) -> Any:
        return sent(Browser(app, database, agent).person.client.get(f"/sign-in/with/{provider}").location)

    inside, desk = place("wechat", IN_WECHAT), place("wechat", AT_A_DESK)
    assert (inside.path, inside.query["appid"], inside.query["scope"]) == (
        "/connect/oauth2/authorize", "wx-account", "snsapi_base"
    )  # fmt: skip
    assert (desk.path, desk.query["appid"], desk.query["scope"]) == ("/connect/qrconnect", "wx-site", "snsapi_login")
    wecom, scanned = place("wecom", IN_WECOM), place("wecom", AT_A_DESK)
    assert (wecom.path, wecom.query["appid"], wecom.query["agentid"]) == (
        "/connect/oauth2/authorize", "ww-corp", "1000002"
    )  # fmt: skip
    assert (scanned.path, scanned.query["login_type"]) == ("/wwlogin/sso/login", "CorpApp")
    assert {each.fragment for each in (inside, desk, wecom, scanned)} == {"wechat_redirect"}
    assert all(
        "client_id" not in each.query and each.query["state"].isalnum() for each in (inside, desk, wecom, scanned)
    )
    shown = {
        agent: Browser(app, database, agent).person.get("/sign-in").text for agent in (IN_WECHAT, IN_WECOM, AT_A_DESK)
    }
    assert "/sign-in/with/wechat" in shown[IN_WECHAT] and "/sign-in/with/wecom" not in shown[IN_WECHAT]
    assert "/sign-in/with/wecom" in shown[IN_WECOM] and "/sign-in/with/wechat" not in shown[IN_WECOM]
    assert "/sign-in/with/wechat" in shown[AT_A_DESK] and "/sign-in/with/wecom" in shown[AT_A_DESK]


def test_an_answer_counts_once_and_only_where_it_was_asked_for(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    account_id = account_of(database, place)
    mine = Browser(app, database, IN_WECHAT, account_id)
    mine.connects("wechat", providers, who="甲")
    browser, stranger = Browser(app, database, IN_WECHAT), Browser(app, database, IN_WECHAT)
    state = sent(browser.person.client.get("/sign-in/with/wechat").location).query["state"]
    asked = len(providers.asked)
    for n, (who, wrong) in enumerate(
        [
            (stranger, f"/sign-in/with/wechat/back?code=c&state={state}"),  # another's browser: login CSRF
            (browser, f"/sign-in/with/wecom/back?code=c&state={state}"),  # another provider
            (browser, f"/sign-in/with/wechat/back?code=c&state={state}"),  # spent by the wrong answer before
            (browser, "/sign-in/with/wechat/back?code=c"),
        ]
    ):
        assert who.person.client.get(wrong).status_code == 400, n
    assert len(providers.asked) == asked, "no provider is asked about an answer that nobody waits for"
    late = sent(browser.person.client.get("/sign-in/with/wechat").location).query["state"]
    with browser.person.client.session_transaction() as kept:
        kept["outside"] = {**kept["outside"], "until": utc_now().timestamp() - 1}
    assert browser.person.client.get(f"/sign-in/with/wechat/back?code=c&state={late}").status_code == 400
    assert not browser.is_in() and not stranger.is_in()


def test_nobody_is_recognised_by_a_name_and_no_connection_moves_by_itself(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    first, second = account_of(database, place), account_of(database, place)
    Browser(app, database, IN_WECHAT, first).connects("wechat", providers, who="甲")
    taken = Browser(app, database, IN_WECHAT, second)
    taken.connects("wechat", providers, who="甲")
    assert {row.account_id for row in rows(database, sa.select(IDENTITY))} == {first}
    taken.connects("wechat", providers, who="乙")
    Browser(app, database, IN_WECHAT, first).connects("wechat", providers, who="丙")
    assert sorted(row.account_id for row in rows(database, sa.select(IDENTITY))) == [first, second]
    person = Browser(app, database, IN_WECHAT)
    assert person.goes("/sign-in/with/wechat", "wechat", providers, who="丙").status_code == 403
    text = str(rows(database, sa.select(IDENTITY)))
    assert "甲" not in text and "wx-account" not in text


def test_whom_the_provider_recognised_is_connected_by_the_account_that_asked_and_no_other(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    first, second = account_of(database, place), account_of(database, place)
    browser = Browser(app, database, IN_WECHAT, first)
    browser.goes("/account/with/wechat", "wechat", providers, who="甲")
    with database.transaction() as session:
        secret = open_session(session, account_id=second, now=utc_now(), hours=1)
    browser.person.client.set_cookie("microwish", secret)
    assert "还没有" not in browser.person.get("/account").text
    assert browser.person.post("/account/with", "/account").status_code == 400
    assert rows(database, sa.select(IDENTITY)) == []


def test_a_browser_left_open_connects_nothing(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    browser = Browser(app, database, IN_WECHAT, account_of(database, place))
    with database.transaction() as session:
        session.execute(sa.update(SESSION).values(created_at=utc_now() - timedelta(minutes=16)))
    answer = browser.person.client.get("/account/with/wechat")
    assert answer.location.startswith("/sign-in?next=") and not browser.is_in()


def test_an_unknown_wechat_is_told_how_to_connect(app: Flask, database: Database, providers: Providers) -> None:
    for language, words in (("zh", "还没有绑定账号"), ("en", "is not connected to an account")):
        browser = Browser(app, database, IN_WECHAT)
        browser.person.client.get(f"/?lang={language}")
        page = browser.goes("/sign-in/with/wechat", "wechat", providers, who="甲")
        assert page.status_code == 403 and words in page.text and "/sign-in?next=" in page.text


def test_the_same_person_is_known_in_wechat_and_at_a_desk_by_the_union(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    account_id = account_of(database, place)
    Browser(app, database, IN_WECHAT, account_id).connects("wechat", providers, who="甲", unionid="u1")
    for agent, who in ((AT_A_DESK, {"who": "甲", "unionid": "u1"}), (IN_WECHAT, {"who": "甲"})):
        browser = Browser(app, database, agent)
        assert browser.goes("/sign-in/with/wechat", "wechat", providers, **who).status_code == 302
        assert browser.is_in()
    stranger = Browser(app, database, AT_A_DESK)
    assert stranger.goes("/sign-in/with/wechat", "wechat", providers, who="甲", unionid="u2").status_code == 403


def test_who_sees_identities_makes_the_second_step_all_the_same(
    settings: Settings, database: Database, providers: Providers
) -> None:
    from dataclasses import replace

    app = app_of(replace(providers.settings(settings), second_step_required=True))
    with database.transaction() as session:
        place = make_campaign(session)
    account_id = account_of(database, place, Role.COORDINATOR)
    Browser(app, database, IN_WECOM, account_id).connects("wecom", providers, who="zhang")
    browser = Browser(app, database, IN_WECOM)
    answer = browser.goes("/sign-in/with/wecom", "wecom", providers, who="zhang")
    assert answer.location.startswith("/sign-in/second-step") and not browser.is_in()
    app.extensions["microwish.database"].dispose()


def test_an_invitation_is_taken_up_by_wechat_without_a_password(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    secretary = account_of(database, place, Role.BRANCH_SECRETARY)
    with database.transaction() as session:
        secret = invite(
            session, campaign_id=place.id, branch_id=place.branch_id, uses=5, days=5,
            actor=Actor(secretary, "", (grants_of(place)[Role.BRANCH_SECRETARY],)), now=utc_now(),
        )  # fmt: skip
        taken = create_account(session, login="13900000008", name="别人", password=PASSWORD, now=utc_now())
    page = f"/join/{secret}"
    browser = Browser(app, database, IN_WECHAT)
    assert f"{page}/with/wechat" in browser.person.get(page).text
    assert browser.goes(f"{page}/with/wechat", "wechat", providers, who="甲").location == page
    assert 'name="password"' not in browser.person.get(page).text
    same = browser.person.post(page, page, name="新志愿者", login="13900000008")
    assert same.status_code == 422, "a phone that another account signs in with is not taken over"
    assert rows(database, sa.select(IDENTITY)) == []
    assert browser.person.post(page, page, name="新志愿者", login="13900000009").status_code == 302 and browser.is_in()
    [identity] = rows(database, sa.select(IDENTITY))
    assert identity.account_id != taken
    again = Browser(app, database, IN_WECHAT)
    assert again.goes(f"{page}/with/wechat", "wechat", providers, who="甲").location == page and again.is_in()
    plain = Browser(app, database, IN_WECHAT)
    assert plain.person.post(page, page, name="无密码", login="13900000010").status_code == 422


def test_a_provider_that_fails_or_refuses_lets_nobody_in(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    Browser(app, database, IN_WECHAT, account_of(database, place)).connects("wechat", providers, who="甲")
    browser = Browser(app, database, IN_WECHAT)
    for broken in (500, 404):
        providers.broken = broken
        assert browser.goes("/sign-in/with/wechat", "wechat", providers, who="甲").status_code == 502
    providers.broken = 0
    snapshot = browser.goes("/sign-in/with/wechat", "wechat", providers, who="甲", is_snapshotuser=1)
    assert snapshot.status_code == 502
    state = sent(browser.person.client.get("/sign-in/with/wechat").location).query["state"]
    assert browser.person.client.get(f"/sign-in/with/wechat/back?code=never&state={state}").status_code == 502
    state = sent(browser.person.client.get("/sign-in/with/wechat").location).query["state"]
    assert browser.person.client.get(f"/sign-in/with/wechat/back?state={state}").location.startswith("/sign-in")
    assert not browser.is_in()
    guest = Browser(app, database, IN_WECOM)
    assert guest.goes("/sign-in/with/wecom", "wecom", providers, who="visitor", guest=True).status_code == 403


def test_wecoms_token_is_fetched_once_and_anew_when_it_is_over(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    account_id = account_of(database, place)
    Browser(app, database, IN_WECOM, account_id).connects("wecom", providers, who="li")

    def enters() -> bool:
        browser = Browser(app, database, IN_WECOM)
        browser.goes("/sign-in/with/wecom", "wecom", providers, who="li")
        return browser.is_in()

    assert enters() and enters()
    assert [call.path for call in providers.asked].count("/cgi-bin/gettoken") == 1
    providers.tokens = {"token7"}
    assert enters()
    assert [call.path for call in providers.asked].count("/cgi-bin/gettoken") == 2


def test_an_ended_connection_and_a_recovered_account_are_strangers_again_and_all_is_on_record(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    account_id = account_of(database, place)
    browser = Browser(app, database, IN_WECHAT, account_id)
    browser.connects("wechat", providers, who="甲")
    assert browser.person.post("/account/with/wechat/end", "/account").status_code == 302
    assert (
        Browser(app, database, IN_WECHAT).goes("/sign-in/with/wechat", "wechat", providers, who="甲").status_code == 403
    )
    browser.connects("wechat", providers, who="甲")
    with database.transaction() as session:
        assert recover(session, account_id=account_id, password="nine slow rivers bend", now=utc_now())
    assert (
        Browser(app, database, IN_WECHAT).goes("/sign-in/with/wechat", "wechat", providers, who="甲").status_code == 403
    )
    kinds = [
        row.kind
        for row in rows(database, sa.select(ENTRY.c.kind).where(ENTRY.c.account_id == account_id).order_by(ENTRY.c.id))
    ]
    assert [kind for kind in kinds if "connect" in kind] == ["connect", "disconnect", "connect", "disconnect"]


def test_what_is_switched_off_is_not_there(settings: Settings, database: Database) -> None:
    app = app_of(settings)
    person = Person(app)
    assert "/sign-in/with/" not in person.get("/sign-in").text
    assert person.get("/sign-in/with/wechat").status_code == 404
    app.extensions["microwish.database"].dispose()


def test_a_closed_account_is_closed_to_wechat_too(
    app: Flask, database: Database, place: Place, providers: Providers
) -> None:
    account_id = account_of(database, place)
    Browser(app, database, IN_WECHAT, account_id).connects("wechat", providers, who="甲")
    with database.transaction() as session:
        grant_role(session, account_id=account_id, role=Role.COURIER, campaign_id=place.id, now=utc_now())
        session.execute(sa.update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(active=False))
    assert (
        Browser(app, database, IN_WECHAT).goes("/sign-in/with/wechat", "wechat", providers, who="甲").status_code == 403
    )
