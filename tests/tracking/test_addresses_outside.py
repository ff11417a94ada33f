"""What the channels' file names is reached at public addresses by https only, unless it is said to be inside."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import settings_for
from wishes.errors import Misconfigured
from wishes.tracking.channels import PermanentFailure, outlets_of
from wishes.tracking.channels.http import checked, post_json, public_address

INSIDE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "240.0.0.1",
    "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
)  # fmt: skip


def resolving(*addresses: str) -> Any:
    def resolve(_host: str, port: int, **_named: Any) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses
        ]

    return resolve


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_connected_to_not_even_as_one_of_several(address: str) -> None:
    for resolve in (resolving(address), resolving("8.8.8.8", address), resolving(address, "8.8.8.8")):
        with pytest.raises(PermanentFailure):
            public_address("hook.example.org", 443, resolve)


def test_a_public_address_is_the_one_that_was_looked_at() -> None:
    assert public_address("hook.example.org", 443, resolving("8.8.8.8", "1.1.1.1")) == "8.8.8.8"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_the_machine_itself_is_not_reached_by_any_of_its_names(host: str) -> None:
    with pytest.raises(PermanentFailure, match="inside"):
        post_json(f"https://{host}:9/", {}, inside=False)


def test_plain_http_is_not_for_the_outside() -> None:
    with pytest.raises(ValueError, match="https"):
        checked("http://hook.example.org/", inside=False)
    assert checked("http://gateway.lan/", inside=True)


def test_the_channels_file_must_say_what_is_inside(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path)
    file = tmp_path / "channels.json"
    file.write_text(json.dumps({"sms": {"url": "http://gateway.lan/send", "token": "t"}}))
    with pytest.raises(Misconfigured):
        outlets_of(settings)
    file.write_text(json.dumps({"sms": {"url": "http://gateway.lan/send", "token": "t", "inside": True}}))
    assert [channel.name for channel in outlets_of(settings).channels] == ["sms"]
