"""Sealed identities: only the right key in the right place opens them, and a dropped key never again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.protection.keyring import KeyMissing, Keyring, Purpose, add_key, create_keyring, retire_key
from wishes.protection.vault import (
    DataKey,
    Erased,
    SealBroken,
    Vault,
    master_kid,
    normalised,
    open_sealed,
    place,
    seal,
)

RING = Keyring({Purpose.MASTER: {1: b"m" * 32}, Purpose.BLIND: {1: b"b" * 32}})
VAULT = Vault(RING)
KEY = DataKey(b"d" * 32)
HERE = place("child", 42, "identity")
IDENTITY = {"name": "测试甲", "phones": ["19900000001"], "birth": "2012-03", "guardian": None}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=6), st.text(min_size=1))
def test_what_was_sealed_opens_in_its_place(fields: dict[str, object], where: str) -> None:
    assert open_sealed(seal(fields, data_key=KEY, aad=where), data_key=KEY, aad=where) == fields  # type: ignore[arg-type]


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_altered_byte_is_found(where: int, flip: int) -> None:
    sealed = bytearray(seal(IDENTITY, data_key=KEY, aad=HERE))
    sealed[where % len(sealed)] ^= flip
    with pytest.raises(SealBroken):
        open_sealed(bytes(sealed), data_key=KEY, aad=HERE)


@pytest.mark.parametrize(
    "elsewhere", ["child:43:identity", "child:42:name", "guardian:42:identity", "child:42:identity ", ""]
)
def test_a_value_moved_to_another_place_does_not_open(elsewhere: str) -> None:
    with pytest.raises(SealBroken):
        open_sealed(seal(IDENTITY, data_key=KEY, aad=HERE), data_key=KEY, aad=elsewhere)


def test_another_childs_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        open_sealed(seal(IDENTITY, data_key=KEY, aad=HERE), data_key=DataKey(b"e" * 32), aad=HERE)


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_by_name(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(junk, data_key=KEY, aad=HERE)
    with pytest.raises(SealBroken):
        VAULT.unwrap(junk, aad=HERE)


def test_equal_identities_look_different_and_their_length_does_not_show() -> None:
    one, two = (seal({"name": "测试甲"}, data_key=KEY, aad=HERE) for _ in range(2))
    longer = seal({"name": "一个长得多的测试名字"}, data_key=KEY, aad=HERE)
    assert one != two and len(one) == len(two) == len(longer)
    assert "测试".encode() not in one


def test_a_data_key_is_stored_wrapped_and_comes_back() -> None:
    data_key, wrapped = VAULT.new_data_key(aad=HERE)
    assert VAULT.unwrap(wrapped, aad=HERE) == data_key
    assert len(wrapped) == 62 and data_key.secret not in wrapped and master_kid(wrapped) == 1
    assert VAULT.new_data_key(aad=HERE)[0] != data_key


@given(st.integers(0, 61), st.integers(1, 255))
def test_an_altered_wrapped_key_is_found(where: int, flip: int) -> None:
    wrapped = bytearray(VAULT.new_data_key(aad=HERE)[1])
    wrapped[where] ^= flip
    with pytest.raises((SealBroken, KeyMissing)):
        VAULT.unwrap(bytes(wrapped), aad=HERE)


def test_a_wrapped_key_moved_to_another_child_does_not_open() -> None:
    with pytest.raises(SealBroken):
        VAULT.unwrap(VAULT.new_data_key(aad=place("child", 1, "data_key"))[1], aad=place("child", 2, "data_key"))


def test_without_its_data_key_a_child_is_erased_for_good() -> None:
    with pytest.raises(Erased) as caught:
        VAULT.unwrap(None, aad=HERE)
    assert caught.value.status == 410


def test_rotation_rewraps_keys_and_leaves_sealed_values_alone(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    old = Vault(create_keyring(keys))
    data_key, wrapped = old.new_data_key(aad=HERE)
    sealed = seal(IDENTITY, data_key=data_key, aad=HERE)

    new = Vault(add_key(keys, Purpose.MASTER))
    assert new.unwrap(wrapped, aad=HERE) == data_key  # still readable while the rotation is under way
    rewrapped = new.rewrap(wrapped, aad=HERE)
    assert rewrapped is not None and master_kid(rewrapped) == 2
    assert new.rewrap(rewrapped, aad=HERE) is None  # done: safe to repeat
    with pytest.raises(SealBroken):
        new.rewrap(wrapped, aad="child:43:identity")

    after = Vault(retire_key(keys, Purpose.MASTER, 1))
    assert open_sealed(sealed, data_key=after.unwrap(rewrapped, aad=HERE), aad=HERE) == IDENTITY
    with pytest.raises(KeyMissing):  # a backup from before the rotation is noise now
        after.unwrap(wrapped, aad=HERE)


@pytest.mark.parametrize("written", ["欧阳 小明", "欧阳　小明", "欧阳\u00a0小明 ", "欧\u200b阳小明"])
def test_a_name_is_found_however_its_spaces_were_written(written: str) -> None:
    assert VAULT.blind_index(written, field="child.name") == VAULT.blind_index("欧阳小明", field="child.name")


def test_an_index_depends_on_value_column_and_key() -> None:
    index = VAULT.blind_index("测试甲", field="child.name")
    assert len(index) == 33 and "测试甲".encode() not in index
    assert index != VAULT.blind_index("测试乙", field="child.name")
    assert index != VAULT.blind_index("测试甲", field="guardian.name")
    other = Vault(Keyring({Purpose.BLIND: {1: b"x" * 32}}))
    assert index != other.blind_index("测试甲", field="child.name")


def test_rows_indexed_before_a_rotation_are_still_found() -> None:
    stored = VAULT.blind_index("１９９００００００１", field="phone")
    both = Vault(Keyring({Purpose.BLIND: {1: b"b" * 32, 2: b"c" * 32}}))
    assert stored in both.blind_indexes("199 0000 001", field="phone")
    assert both.blind_index("1990000001", field="phone") == both.blind_indexes("1990000001", field="phone")[0] != stored


@given(st.text())
def test_normalising_twice_changes_nothing(value: str) -> None:
    assert normalised(normalised(value)) == normalised(value)


def test_what_json_cannot_hold_is_refused_before_it_is_sealed() -> None:
    for value in (float("nan"), b"bytes", {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            seal({"value": value}, data_key=KEY, aad=HERE)  # type: ignore[dict-item]


def test_data_keys_do_not_show_in_a_traceback() -> None:
    assert "dddd" not in repr(KEY)
