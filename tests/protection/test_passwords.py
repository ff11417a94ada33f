"""Passwords and codes: weak ones are turned away, right ones let in, and nothing is told by the clock."""

from __future__ import annotations

import statistics
import time

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from wishes.protection.passwords import (
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    WeakPassword,
    check_password,
    code_digest,
    code_is_right,
    hash_password,
    new_code,
    new_secret,
    refuse_weak,
    secret_digest,
)

GOOD = "purple-otter-walks-home"


def test_the_right_password_is_right_and_any_other_is_wrong() -> None:
    stored = hash_password(GOOD)
    assert check_password(GOOD, stored).right
    for other in (GOOD.upper(), GOOD + " ", " " + GOOD, GOOD[:-1], "", "密码"):
        assert not check_password(other, stored).right


def test_a_password_counts_to_its_last_character() -> None:
    long = "心愿" * 60 + "a"
    assert not check_password(long[:-1] + "b", hash_password(long)).right


def test_equal_passwords_are_stored_differently_with_the_agreed_cost() -> None:
    one, two = hash_password(GOOD), hash_password(GOOD)
    assert one != two and one.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and len(one) <= 128


def test_a_hash_of_yesterdays_cost_asks_to_be_renewed() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(GOOD)
    assert check_password(GOOD, old) == type(check_password(GOOD, old))(right=True, rehash=True)
    assert not check_password(GOOD, hash_password(GOOD)).rehash
    assert not check_password("wrong", old).rehash


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"])
def test_a_damaged_hash_lets_nobody_in(stored: str) -> None:
    assert not check_password("", stored).right and not check_password(GOOD, stored).right


def test_an_unknown_account_takes_as_long_as_a_wrong_password() -> None:
    stored = hash_password(GOOD)
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    check_password("warm up", None)
    for _ in range(12):  # interleaved, so that other load falls on both
        for name, hash_ in (("known", stored), ("unknown", None)):
            started = time.process_time()
            assert not check_password("wrong", hash_).right
            times[name].append(time.process_time() - started)
    known, unknown = (statistics.median(times[name]) for name in ("known", "unknown"))
    assert 0.5 < known / unknown < 2.0


def test_an_overlong_password_is_not_hashed_at_length() -> None:
    assert not check_password("x" * 10_000_000, hash_password(GOOD)).right


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Password123!",
        "P@ssw0rd2021",
        "woaini1314",
        "12345678",
        "87654321",
        "abcd1234",
        "qwer1234",
        "1qaz2wsx",
        "1q2w3e4r",
        "19900101",
        "1990-01-01",
        "19900001234",
        "aaaaaaaa",
        "abababab",
        "abc123abc123",
        "Hangzhou@2021",
        "微心愿2021微心愿",
        "iloveyou1",
        "admin888",
        "microwish2026",
        "adminadmin",
        "testtest1",
        "zhangwei88",
        "!!!password!!!",
        "PASSWORD",
        "passwordpassword",
        "asdfghjkl",
        "zxcvbnm123",
    ],
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon) as caught:
        refuse_weak(password)
    assert caught.value.facts == {}  # what was typed never reaches a log


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct horse battery staple",
        "我家门口有两棵枣树",
        "x7#kQ9!vLp",
        "mjölnir-häst-42",
        "wlwjqbzsdhrn",
        "        a7!kZ  q",
    ],
)
def test_a_password_with_something_of_its_own_is_accepted(password: str) -> None:
    refuse_weak(password, about=["19900001234", "测试甲"])


@pytest.mark.parametrize(
    ("password", "fact"),
    [
        ("19900001234x", "19900001234"),
        ("mm00001234", "19900001234"),
        ("lindaqvist77", "Linda Qvist"),
        ("测试甲测试甲12", "测试甲"),
        ("nobody.here9", "nobody.here@example.org"),
    ],
)
def test_a_password_made_of_what_is_known_of_its_owner_is_refused(password: str, fact: str) -> None:
    refuse_weak(password + "-" + GOOD, about=[fact])
    with pytest.raises(PasswordTooCommon):
        refuse_weak(password, about=[fact])


def test_length_is_at_least_eight_and_long_ones_are_welcome() -> None:
    with pytest.raises(PasswordTooShort, match="15"):
        refuse_weak("x7#kQ9!")
    with pytest.raises(PasswordTooLong):
        refuse_weak("x7#kQ9!v" * 33)
    refuse_weak("x7#kQ9!vLp3" * 20)
    refuse_weak("枣树门口两棵家有")


@settings(deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=12), max_size=3))
def test_any_text_is_accepted_or_refused_by_name(password: str, about: list[str]) -> None:
    try:
        refuse_weak(password, about=about)
    except WeakPassword as refusal:
        assert refusal.status == 422


def test_random_passwords_are_not_mistaken_for_common_ones() -> None:
    for _ in range(2_000):
        refuse_weak(new_secret()[:14], about=["19900001234"])


def test_codes_are_six_digits_and_evenly_drawn() -> None:
    codes = [new_code() for _ in range(20_000)]
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    for place in range(6):
        counts = [sum(code[place] == digit for code in codes) for digit in "0123456789"]
        assert sum((count - 2_000) ** 2 / 2_000 for count in counts) < 45  # chi-square, 9 degrees: beyond 1e-6
    assert len(new_code(8)) == 8


def test_a_code_is_good_for_its_own_purpose_and_person_only() -> None:
    digest = code_digest("012345", key=b"k" * 32, context="sign-in:17")
    assert len(digest) == 32
    assert code_is_right(" 012345 ", digest, key=b"k" * 32, context="sign-in:17")
    assert not code_is_right("012346", digest, key=b"k" * 32, context="sign-in:17")
    assert not code_is_right("012345", digest, key=b"k" * 32, context="sign-in:18")
    assert not code_is_right("012345", digest, key=b"l" * 32, context="sign-in:17")


def test_secrets_are_long_different_and_found_by_their_digest() -> None:
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000 and {len(secret) for secret in made} == {43}
    one = made.pop()
    assert secret_digest(one) == secret_digest(one) and len(secret_digest(one)) == 32
    assert secret_digest(one) != secret_digest(made.pop())
