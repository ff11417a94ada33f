"""The signed tokens of a hand-over: what is accepted, what is refused and under which name."""

from __future__ import annotations

import base64
import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from wishes.handover.tokens import (
    TOKEN_CHARS,
    BadSignature,
    ExpiredToken,
    MalformedToken,
    MismatchedTokens,
    PublicKeys,
    Token,
    TokenRefused,
    TokenSigner,
    TokenType,
    UnknownKey,
    WrongTokenType,
    new_tag,
    scan_url,
    token_in,
)

from .mutations import mutated

SEED = bytes(range(32))
SIGNER = TokenSigner(7, SEED)
KEYS = PublicKeys.from_seeds({7: SEED})
DAY = date(2021, 6, 1)
VECTORS = json.loads(Path(__file__).with_name("token-vectors.json").read_text("utf-8"))


def label(claim: bytes = b"claimone", **changes: object) -> Token:
    given_ = {"tag": claim, "epoch": 1, "expires_on": DAY} | changes
    return SIGNER.sign(TokenType.LABEL, **given_)  # type: ignore[arg-type]


def receipt(claim: bytes = b"claimone") -> Token:
    return SIGNER.sign(TokenType.RECEIPT, tag=claim, epoch=1, expires_on=DAY)


@given(
    claim=st.binary(min_size=8, max_size=8),
    epoch=st.integers(0, 255),
    type_=st.sampled_from(TokenType),
    day=st.dates(date(1970, 1, 1), date(2149, 6, 6)),
    kid=st.integers(1, 255),
)
def test_what_was_signed_is_what_is_read(claim: bytes, epoch: int, type_: TokenType, day: date, kid: int) -> None:
    signed = TokenSigner(kid, SEED).sign(type_, tag=claim, epoch=epoch, expires_on=day)
    keys = PublicKeys.from_seeds({kid: SEED})
    assert len(signed.text) == TOKEN_CHARS
    assert keys.verify(signed.text, on=day, expect=type_) == signed
    assert keys.verify(scan_url("https://wish.example.org", signed), on=day) == signed


def test_no_mutated_token_is_accepted() -> None:
    """Altered, cut short, or under another key: a stranger's, or another of ours."""
    both = PublicKeys.from_seeds({7: SEED, 8: bytes(range(1, 33))})
    rng = random.Random(20210601)
    originals = [label(), receipt(), label(b"claimtwo")]
    accepted = []
    for number in range(100_000):
        original = originals[number % 3].text
        text = mutated(original, rng)
        try:
            both.verify(text, on=None)
        except TokenRefused:
            continue
        accepted.append((original, text))
    assert accepted == []


def test_every_single_character_of_a_token_is_guarded() -> None:
    text = label().text
    for place in range(len(text)):
        for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567":
            if other != text[place]:
                with pytest.raises(TokenRefused):
                    KEYS.verify(text[:place] + other + text[place + 1 :], on=DAY)


def test_a_token_has_only_one_spelling() -> None:
    text = label().text
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".index(text[-1])
    twin = text[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[last + 1]  # decodes to the same bytes, spare bit set
    for other in (twin, text.lower(), text + "===", text + " A", "０" + text[1:]):
        with pytest.raises(MalformedToken):
            KEYS.verify(other, on=DAY)


def test_a_changed_host_changes_nothing_that_is_signed() -> None:
    """A label of a platform that moved to another address stays good; what is signed is the token."""
    token = label()
    for base in ("HTTPS://OLD.EXAMPLE/H/", "http://127.0.0.1:8000/h/"):
        assert KEYS.verify(f" {base}{token.text}\n", on=DAY) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTPS://WISH.EXAMPLE.ORG/H/",
        "书包",
        "A" * 124,
        "A" * 126,
        "A" * 100_000,
        "https://evil.example/x/" + "A" * 125,
    ],
)
def test_what_is_no_token_is_malformed(text: str) -> None:
    with pytest.raises(MalformedToken):
        KEYS.verify(text, on=DAY)


def test_each_refusal_has_its_name_and_says_it_in_both_languages() -> None:
    stranger = TokenSigner(7, bytes(32)).sign(TokenType.LABEL, tag=b"claimone", epoch=1, expires_on=DAY)
    newer = TokenSigner(8, SEED).sign(TokenType.LABEL, tag=b"claimone", epoch=1, expires_on=DAY)
    cases: list[tuple[str, TokenType, date, type[TokenRefused]]] = [
        (stranger.text, TokenType.LABEL, DAY, BadSignature),
        (newer.text, TokenType.LABEL, DAY, UnknownKey),
        (receipt().text, TokenType.LABEL, DAY, WrongTokenType),
        (label().text, TokenType.RECEIPT, DAY, WrongTokenType),
        (label().text, TokenType.LABEL, DAY + timedelta(days=1), ExpiredToken),
        ("X", TokenType.LABEL, DAY, MalformedToken),
    ]
    for text, expected, day, refusal in cases:
        with pytest.raises(refusal) as caught:
            KEYS.verify(text, on=day, expect=expected)
        assert caught.value.say("zh") != caught.value.say("en")
        assert text not in str(caught.value) + repr(caught.value.facts)
    assert len({case[3].code for case in cases}) == 5


def test_another_type_or_version_byte_cannot_be_put_on_a_signature() -> None:
    """The payload is signed whole: a label cannot be turned into a receipt."""
    raw = bytearray(base64.b32decode(label().text + "==="))
    for place, value in ((2, ord("R")), (11, 2), (12, 0xFF)):
        forged = bytearray(raw)
        forged[place] = value
        with pytest.raises(BadSignature):
            KEYS.verify(base64.b32encode(forged).decode().rstrip("="), on=DAY)
    forged = bytearray(raw)
    forged[0] = 2
    with pytest.raises(MalformedToken):
        KEYS.verify(base64.b32encode(forged).decode().rstrip("="), on=DAY)


def test_a_late_upload_can_be_judged_without_the_clock() -> None:
    assert KEYS.verify(label().text, on=None) == label()
    assert KEYS.verify(label().text, on=DAY) == label()


def test_label_alone_and_two_labels_do_not_make_a_pair() -> None:
    with pytest.raises(WrongTokenType):
        KEYS.verify_pair(label().text, label().text, on=DAY)
    with pytest.raises(MismatchedTokens):
        KEYS.verify_pair(label().text, receipt(b"claimtwo").text, on=DAY)
    assert KEYS.verify_pair(label().text, receipt().text, on=DAY) == (label(), receipt())


def test_old_labels_stay_good_until_their_key_is_retired() -> None:
    old, new = TokenSigner(1, bytes(32)), TokenSigner(2, SEED)
    token = old.sign(TokenType.LABEL, tag=b"claimone", epoch=0, expires_on=DAY)
    both = PublicKeys({1: old.public_key, 2: new.public_key})
    assert both.verify(token.text, on=DAY) == token
    with pytest.raises(UnknownKey):
        PublicKeys({2: new.public_key}).verify(token.text, on=DAY)


def test_the_published_key_list_verifies_and_holds_nothing_secret() -> None:
    written = KEYS.as_json()
    assert PublicKeys.from_json(written).verify(label().text, on=DAY) == label()
    (row,) = json.loads(written)["keys"]
    assert set(row) == {"kid", "kty", "crv", "alg", "use", "x"}
    assert PublicKeys.from_json(written).as_json() == written


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys":[{}]}', '{"keys":[{"kid":"1","x":"AA"}]}', '{"keys":7}'])
def test_what_is_no_key_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        PublicKeys.from_json(text)


def test_a_receipt_does_not_show_in_a_traceback() -> None:
    assert receipt().text not in repr(receipt())


def test_values_that_do_not_fit_their_bytes_are_refused() -> None:
    for changes in ({"tag": b"short"}, {"epoch": 256}, {"epoch": -1}, {"expires_on": date(2200, 1, 1)}):
        with pytest.raises(ValueError, match="tag"):
            label(**changes)  # type: ignore[arg-type]
    for kid in (0, 256):
        with pytest.raises(ValueError, match="kid"):
            TokenSigner(kid, SEED)


@pytest.mark.parametrize(
    "base", ["https://wish.example.org/app", "https://wish_1.example", "ftp://wish.example", "wish"]
)
def test_an_address_that_would_swell_the_code_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        scan_url(base, label())


def test_urls_are_upper_case_and_read_back() -> None:
    assert scan_url("https://wish.example.org/", label()) == "HTTPS://WISH.EXAMPLE.ORG/H/" + label().text
    assert token_in(scan_url("http://127.0.0.1:8000", label())) == label().text


def test_claim_names_do_not_repeat() -> None:
    assert len({new_tag() for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda vector: vector["what"])
def test_the_written_form_never_changes_unnoticed(vector: dict[str, object]) -> None:
    """The same vectors serve the browser's reader: labels printed last month must stay good."""
    keys = PublicKeys.from_json(json.dumps(VECTORS["public_keys"]))
    token = keys.verify(str(vector["text"]), on=None)
    assert (token.type.name, token.tag.hex(), token.epoch, token.expires_on.isoformat()) == (
        vector["type"],
        vector["tag"],
        vector["epoch"],
        vector["expires_on"],
    )
    made = TokenSigner(token.kid, bytes.fromhex(VECTORS["seed"])).sign(
        token.type, tag=token.tag, epoch=token.epoch, expires_on=token.expires_on
    )
    assert made == token


def test_vectors_use_the_key_of_rfc_8032() -> None:
    """So that anybody can check our public list against the standard's own first test key."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert bytes.fromhex(VECTORS["seed"]) == seed
    expected = PublicKeys({1: Ed25519PublicKey.from_public_bytes(public)})
    assert json.loads(expected.as_json()) == VECTORS["public_keys"]
