"""One family of errors: each says in both languages what is wrong and what to do, and none repeats a child's data."""

from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Iterator

import pytest

import wishes
from wishes.errors import Conflict, Invalid, MicrowishError, NotFound
from wishes.i18n import Text, pick_language


def family() -> Iterator[type[MicrowishError]]:
    for module in pkgutil.walk_packages(wishes.__path__, "wishes."):
        if ".migrations" not in module.name and ".demo" not in module.name and not module.name.endswith(".cli"):
            importlib.import_module(module.name)

    def below(kind: type[MicrowishError]) -> Iterator[type[MicrowishError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    yield from below(MicrowishError)


FAMILY = sorted(
    {kind for kind in family() if kind.__module__.startswith("wishes.")}, key=lambda kind: kind.__qualname__
)


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_each_error_has_its_status_its_code_and_both_languages(kind: type[MicrowishError]) -> None:
    assert 400 <= kind.status < 600
    assert kind.code == kind.code.lower() and " " not in kind.code
    for text in (kind.title, kind.sentence):
        assert text.zh and text.en and text.zh != text.en
        assert any("\u4e00" <= c <= "\u9fff" for c in text.zh)
        assert not any("\u4e00" <= c <= "\u9fff" for c in text.en)
        assert fields(text.zh) - {"status_zh", "action_zh", "what"} == fields(text.en) - {
            "status_en",
            "action_en",
            "what_en",
        }


def fields(wording: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name}


def test_whoever_comes_second_is_told_kindly() -> None:
    assert "别人认领" in Conflict(wish_id=1).say("zh")
    assert "Someone else" in Conflict(wish_id=1).say("en")


def test_an_error_says_its_facts_and_its_log_line_says_the_code() -> None:
    assert NotFound("这个心愿", "wish").say("en").startswith("There is no such wish")
    assert "没有找到这个心愿" in NotFound("这个心愿", "wish").say("zh")
    assert (
        str(Invalid("size", Text("尺码 {size} 不对。", "The size {size} is wrong."), size=9))
        == "invalid: The size 9 is wrong."
    )


def test_a_wording_without_facts_may_hold_braces() -> None:
    assert Text("{", "}").say("zh") == "{"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (["en-GB", "zh"], "en"),
        (["fr", "zh-Hans-CN"], "zh"),
        (["fr"], "zh"),
        ([None, "EN_us"], "en"),
        ([], "zh"),
        ([""], "zh"),
    ],
)
def test_the_first_wanted_language_we_speak_is_spoken(wanted: list[str | None], spoken: str) -> None:
    assert pick_language(*wanted) == spoken
