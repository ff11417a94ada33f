"""Messages of a WeCom application, against a local server that speaks its protocol: tokens, members, ``errcode``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.tracking.servers import Answer, Call, json_server, smtp_server
from tests.tracking.world import NOON, World
from wishes.errors import Misconfigured
from wishes.people.tables import Account
from wishes.settings import Settings
from wishes.tracking.channels import Email, Message, Outlets, PermanentFailure, TransientFailure, WeComApp, outlets_of
from wishes.tracking.delivery import deliver
from wishes.tracking.notices import Posting, post

MESSAGE = Message("key-1", "13800000001", "请留意时限", "心愿 W000001（图书）请在 11月30日 前备好物品。")


@dataclass
class Corporation:
    """Members by mobile number and e-mail; tokens that were given out and are still good; what was sent to whom."""

    port: int = 0
    members: dict[str, str] = field(default_factory=lambda: {"13800000001": "zhang", "volunteer0@example.org": "li"})
    outside: set[str] = field(default_factory=set)  # members who may not see the application
    good: set[str] = field(default_factory=set)
    fetched: int = 0
    looked_up: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[int] = field(default_factory=list)  # error codes for the next messages
    secret: str = "s3cret"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if query.get("corpsecret") != [self.secret]:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        self.fetched += 1
        token = f"token{self.fetched}"
        self.good.add(token)
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200}

    def answer(self, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> dict[str, Any]:
        if query.get("access_token", [""])[0] not in self.good:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        if path.startswith("/cgi-bin/user/"):
            self.looked_up += 1
            userid = self.members.get(body.get("mobile") or body.get("email", ""))
            return {"errcode": 0, "userid": userid} if userid else {"errcode": 46004, "errmsg": "user no exist"}
        if self.verdicts and (code := self.verdicts.pop(0)):
            return {"errcode": code, "errmsg": "no"}
        if body["touser"] in self.outside:
            return {"errcode": 0, "errmsg": "ok", "invaliduser": body["touser"]}
        self.sent.append(body)
        return {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "1"}


@contextmanager
def wecom_server() -> Iterator[Corporation]:
    corporation = Corporation()

    def answer(call: Call) -> Answer:
        if call.path == "/cgi-bin/gettoken":
            return 200, corporation.token(call.query), {}
        return 200, corporation.answer(call.path, call.query, call.body), {}

    with json_server(answer) as corporation.port:
        yield corporation


@pytest.fixture
def corporation() -> Iterator[Corporation]:
    with wecom_server() as found:
        yield found


def app(corporation: Corporation, **more: Any) -> WeComApp:
    return WeComApp("ww1", "s3cret", 1000002, url=corporation.url, **more)


def test_a_member_is_found_by_mobile_number_and_gets_the_text(corporation: Corporation) -> None:
    app(corporation).send(MESSAGE)
    [sent] = corporation.sent
    assert (sent["touser"], sent["agentid"], sent["msgtype"]) == ("zhang", 1000002, "text")
    assert sent["text"]["content"] == f"{MESSAGE.title}\n{MESSAGE.body}" and sent["enable_duplicate_check"] == 1


def test_the_token_is_kept_until_shortly_before_it_ends_and_members_are_looked_up_once(
    corporation: Corporation,
) -> None:
    now = [0.0]
    channel = app(corporation, clock=lambda: now[0])
    for _ in range(3):
        channel.send(MESSAGE)
    assert (corporation.fetched, corporation.looked_up, len(corporation.sent)) == (1, 1, 3)
    now[0] = 7000.0
    channel.send(MESSAGE)
    assert corporation.fetched == 1
    now[0] = 7100.0
    channel.send(MESSAGE)
    assert (corporation.fetched, len(corporation.sent)) == (2, 5)


@pytest.mark.parametrize("code", [40014, 42001])
def test_a_token_that_ended_early_is_fetched_anew_and_the_message_sent_once(
    corporation: Corporation, code: int
) -> None:
    channel = app(corporation)
    channel.send(MESSAGE)
    corporation.verdicts = [code]
    channel.send(MESSAGE)
    assert (corporation.fetched, len(corporation.sent)) == (2, 2)


def test_a_token_that_is_refused_again_and_again_is_tried_later(corporation: Corporation) -> None:
    corporation.verdicts = [42001, 42001]
    with pytest.raises(TransientFailure, match="42001"):
        app(corporation).send(MESSAGE)
    assert corporation.fetched == 2 and corporation.sent == []


@pytest.mark.parametrize(
    ("code", "failure"),
    [(45009, TransientFailure), (-1, TransientFailure), (60020, TransientFailure), (81013, PermanentFailure)],
)
def test_too_often_is_for_later_and_an_unknown_receiver_is_for_good(
    corporation: Corporation, code: int, failure: type[Exception]
) -> None:
    corporation.verdicts = [code]
    with pytest.raises(failure, match=str(code)):
        app(corporation).send(MESSAGE)


def test_who_is_no_member_or_may_not_see_the_application_is_refused_for_good(corporation: Corporation) -> None:
    channel = app(corporation)
    with pytest.raises(PermanentFailure, match="46004"):
        channel.send(Message("key-2", "13999999999", "", ""))
    corporation.outside = {"zhang"}
    with pytest.raises(PermanentFailure):
        channel.send(MESSAGE)
    assert corporation.sent == []


def test_who_was_no_member_is_asked_about_again_after_an_hour(corporation: Corporation) -> None:
    now = [0.0]
    channel, message = app(corporation, clock=lambda: now[0]), Message("key-3", "13700000000", "题", "文")
    for _ in range(3):
        with pytest.raises(PermanentFailure):
            channel.send(message)
    assert corporation.looked_up == 1
    corporation.members["13700000000"] = "wang"
    now[0] = 3601.0
    channel.send(message)
    assert [sent["touser"] for sent in corporation.sent] == ["wang"]


def test_a_wrong_secret_is_the_installations_fault_and_tried_again(corporation: Corporation) -> None:
    corporation.secret = "another"
    with pytest.raises(TransientFailure, match="40001"):
        app(corporation).send(MESSAGE)


def test_a_service_that_is_away_is_for_later() -> None:
    with pytest.raises(TransientFailure):
        WeComApp("ww1", "s3cret", 1, url="http://127.0.0.1:1").send(MESSAGE)


def test_a_failure_tells_neither_secret_nor_token_nor_number(corporation: Corporation) -> None:
    corporation.verdicts = [81013]
    with pytest.raises(PermanentFailure) as refused:
        app(corporation).send(MESSAGE)
    assert not any(word in str(refused.value) for word in ("s3cret", "token1", "138"))


def test_the_channels_file_opens_it_first(settings: Settings) -> None:
    path = settings.var_dir / "channels.json"
    told: dict[str, Any] = {
        "email": {"url": "smtp://127.0.0.1:25", "sender": "wish@example.org"},
        "wecom_app": {"corpid": "ww1", "secret": "x", "agentid": 1},
    }
    write(path, told)
    assert [channel.name for channel in outlets_of(settings).channels] == ["wecom_app", "email"]
    write(path, {"wecom_app": {"corpid": "", "secret": "x", "agentid": 1}})
    with pytest.raises(Misconfigured):
        outlets_of(settings)


def test_whom_wecom_does_not_know_gets_a_letter_instead_and_each_only_once(
    world: World, corporation: Corporation
) -> None:
    tell(world, "volunteer0", "secretary")
    with smtp_server() as mailbox:
        outlets = Outlets.of([app(corporation), Email(mailbox.url, "wish@example.org")])
        for _ in range(3):
            deliver(world.database, outlets, clock=lambda: NOON)
        assert [letter["To"] for letter in mailbox.letters] == ["secretary@example.org"]
    assert [sent["touser"] for sent in corporation.sent] == ["li"]
    assert [(n.state, n.channel) for n in world.notices()] == [("sent", "wecom_app"), ("sent", "email")]


def test_a_channel_that_a_step_asks_for_goes_first_where_it_reaches_the_person(
    world: World, corporation: Corporation
) -> None:
    tell(world, "volunteer0", "secretary", via="email")
    tell(world, "coordinator", via="inbox")
    with world.database.transaction() as session:
        session.execute(sa.update(Account).where(Account.id == world.account["secretary"]).values(login="13800000001"))
    with smtp_server() as mailbox:
        outlets = Outlets.of([app(corporation), Email(mailbox.url, "wish@example.org")])
        deliver(world.database, outlets, clock=lambda: NOON)
        assert [letter["To"] for letter in mailbox.letters] == ["volunteer0@example.org"]
    assert [sent["touser"] for sent in corporation.sent] == ["zhang"], "no letter reaches a mobile number"
    assert [(n.state, n.channel) for n in world.notices()][2] == ("sent", "inbox")


def tell(world: World, *names: str, via: str = "") -> None:
    with world.database.transaction() as session:
        post(
            session,
            [
                Posting(
                    f"test:{name}",
                    world.campaign,
                    "remind",
                    world.account[name],
                    facts={"code": "W000001", "item": "图书", "stage": "claimed", "due_on": "2026-11-30"},
                    via=via,
                )
                for name in names
            ],
            now=NOON,
        )


def write(path: Path, told: dict[str, Any]) -> None:
    path.write_text(json.dumps(told), "utf-8")
