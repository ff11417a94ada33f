"""The short codes people type or say: forgiving about how, unforgiving about what."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.handover.tokens import (
    MalformedCode,
    Token,
    TokenSigner,
    TokenType,
    code_digest,
    code_is_of,
    human_code,
    read_code,
)

SIGNER = TokenSigner(7, bytes(range(32)))
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VECTORS = json.loads(Path(__file__).with_name("token-vectors.json").read_text("utf-8"))


def token(number: int, type_: TokenType = TokenType.RECEIPT, epoch: int = 0) -> Token:
    return SIGNER.sign(type_, tag=number.to_bytes(8, "big"), epoch=epoch, expires_on=date(2021, 6, 1))


codes = st.integers(0, 2**64 - 1).map(lambda number: human_code(token(number)))


@given(codes)
def test_a_code_is_read_back_as_it_was_printed(code: str) -> None:
    assert read_code(code) == code
    assert len(code) == 13 and set(code.replace("-", "")) <= set(CROCKFORD)


@given(codes, st.data())
def test_a_code_is_read_however_people_write_it(code: str, data: st.DataObject) -> None:
    plain = code.replace("-", "")
    written = ""
    for character in plain:
        full_width = chr(ord(character) + 0xFEE0)
        alike = {"0": "0Oo０Ｏ", "1": "1IiLl１ｌ"}.get(character, character + character.lower() + full_width)
        between = st.sampled_from(["", "", "-", " ", "　", "—", "–", ".", "－"])
        written += data.draw(st.sampled_from(alike)) + data.draw(between)
    assert read_code(written) == code


@given(codes, st.integers(0, 10), st.sampled_from(CROCKFORD))
def test_one_wrong_character_is_told_at_once(code: str, place: int, other: str) -> None:
    plain = code.replace("-", "")
    wrong = plain[:place] + other + plain[place + 1 :]
    if wrong != plain:
        with pytest.raises(MalformedCode):
            read_code(wrong)


@given(codes, st.integers(0, 10), st.integers(0, 10))
def test_two_swapped_characters_are_told_at_once(code: str, one: int, two: int) -> None:
    plain = list(code.replace("-", ""))
    if plain[one] != plain[two]:
        plain[one], plain[two] = plain[two], plain[one]
        with pytest.raises(MalformedCode):
            read_code("".join(plain))


@pytest.mark.parametrize(
    "typed", ["", "12345", "0" * 12, "0" * 10, "UUUU-UUUU-UUU", "心愿心愿心愿心愿心愿心", "0000-0000-00!"]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(MalformedCode):
        read_code(typed)


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_a_typed_refusal(typed: str) -> None:
    try:
        assert len(read_code(typed)) == 13
    except MalformedCode as refusal:
        assert refusal.status == 422


def test_label_receipt_and_reprint_have_unrelated_codes() -> None:
    made = [
        human_code(token(number, type_, epoch)) for number in range(2_000) for type_ in TokenType for epoch in (0, 1)
    ]
    assert len(set(made)) == len(made)


def test_every_place_of_a_code_uses_the_whole_alphabet() -> None:
    """A bias would be bits lost to whoever guesses."""
    made = [human_code(token(number)).replace("-", "") for number in range(3_000)]
    for place in range(11):
        counts = [sum(code[place] == character for code in made) for character in CROCKFORD]
        assert sum((count - 93.75) ** 2 / 93.75 for count in counts) < 75  # chi-square, 31 degrees: beyond 1e-4


def test_the_right_code_is_recognised_and_the_parcels_code_is_not() -> None:
    assert code_is_of(token(5), human_code(token(5)).lower())
    assert not code_is_of(token(5), human_code(token(5, TokenType.LABEL)))
    assert not code_is_of(token(5), human_code(token(6)))


def test_the_stored_digest_fits_every_spelling_and_needs_its_key() -> None:
    code = human_code(token(5))
    stored = code_digest(code, key=b"k" * 32)
    assert stored == code_digest(f" {code.lower().replace('-', ' ')} ", key=b"k" * 32)
    assert len(stored) == 32 and stored != code_digest(code, key=b"l" * 32)
    with pytest.raises(MalformedCode):
        code_digest("0000-0000-001", key=b"k" * 32)


def test_printed_codes_never_change_unnoticed() -> None:
    for vector in VECTORS["tokens"]:
        signer = TokenSigner(1, bytes.fromhex(VECTORS["seed"]))
        made = signer.sign(
            TokenType[vector["type"]],
            tag=bytes.fromhex(vector["tag"]),
            epoch=vector["epoch"],
            expires_on=date.fromisoformat(vector["expires_on"]),
        )
        assert human_code(made) == vector["code"]
