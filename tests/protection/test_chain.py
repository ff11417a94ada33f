"""The audit chain: whoever alters, removes, inserts or reorders rows is found, and where."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.protection.chain import (
    GENESIS,
    ChainedRow,
    Damage,
    Head,
    NotCanonical,
    canonical_json,
    row_digest,
    row_is_genuine,
    seal,
    verify,
)

KEYS = {1: b"k" * 32, 2: b"l" * 32}
ROWS = 60


def chain(count: int = ROWS, batch: int = 7) -> list[ChainedRow]:
    """As the sealer would write it, with a change of key on the way."""
    rows: list[ChainedRow] = []
    head = GENESIS
    contents = {
        f"ev-{number}": {
            "at": f"2021-06-01T08:{number % 60:02d}:00Z",
            "actor": number % 5,
            "action": "identity.opened",
            "object": f"child:{number}",
            "reason": "交接前核对",
            "fields": ["name", "phone"],
            "ok": True,
        }
        for number in range(count)
    }
    names = list(contents)
    for start in range(0, count, batch):
        kid = 1 if start < count // 2 else 2
        picked = [
            (name, row_digest(name, contents[name], kid=kid, key=KEYS[kid])) for name in names[start : start + batch]
        ]
        links, head = seal(picked, head, kid=kid, key=KEYS[kid])
        rows += [
            ChainedRow(link.seq, link.row_id, contents[link.row_id], digest, link.mac)
            for link, (_, digest) in zip(links, picked, strict=True)
        ]
    return rows


WHOLE = chain()
ANCHOR = Head(WHOLE[-1].seq, WHOLE[-1].mac)


def altered_content(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    place = rng.randrange(len(rows))
    content = copy.deepcopy(dict(rows[place].content))
    name = rng.choice(list(content))
    content[name] = rng.choice([None, "", 999, "另一个理由", ["name"], 1.5, False])
    if rng.random() < 0.3:
        content["more"] = 1
    if rng.random() < 0.2:
        del content["action"]
    return [*rows[:place], replace(rows[place], content=content), *rows[place + 1 :]], place + 1


def altered_with_own_digest(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    """By somebody who knows the method but not the key."""
    place = rng.randrange(len(rows))
    content = dict(rows[place].content) | {"actor": 999}
    digest = row_digest(rows[place].row_id, content, kid=rng.choice([1, 2]), key=rng.randbytes(32))
    return [*rows[:place], replace(rows[place], content=content, digest=digest), *rows[place + 1 :]], place + 1


def altered_mark(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    place, name = rng.randrange(len(rows)), rng.choice(["digest", "mac"])
    mark = bytearray(getattr(rows[place], name))
    mark[rng.randrange(33)] ^= rng.randint(1, 255)
    changed = bytes(mark) if rng.random() < 0.8 else bytes(mark[: rng.randrange(33)])
    return [*rows[:place], replace(rows[place], **{name: changed}), *rows[place + 1 :]], place + 1


def renamed(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    place = rng.randrange(len(rows))
    return [*rows[:place], replace(rows[place], row_id="ev-x"), *rows[place + 1 :]], place + 1


def removed(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    place = rng.randrange(len(rows))
    count = rng.randint(1, 5)
    return rows[:place] + rows[place + count :], place + 1


def removed_and_renumbered(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    place = rng.randrange(len(rows))
    return rows[:place] + [replace(row, seq=row.seq - 1) for row in rows[place + 1 :]], place + 1


def inserted(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    """A copy of a genuine row, or an invented one, with every later number shifted."""
    place = rng.randrange(len(rows))
    content = {"at": "2021-06-01T08:00:00Z", "actor": 1}
    invented = ChainedRow(
        place + 1,
        "ev-new",
        content,
        row_digest("ev-new", content, kid=1, key=rng.randbytes(32)),
        b"\x01" + rng.randbytes(32),
    )
    copied = replace(rng.choice(rows), seq=place + 1)
    if copied == rows[place]:
        copied = invented
    new = rng.choice([invented, copied])
    return rows[:place] + [new] + [replace(row, seq=row.seq + 1) for row in rows[place:]], place + 1


def inserted_beside(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    """A second row with a number that is taken, after the genuine one."""
    place = rng.randrange(len(rows))
    return [*rows[: place + 1], replace(rows[place], row_id="ev-z"), *rows[place + 1 :]], place + 1


def swapped(rows: list[ChainedRow], rng: random.Random) -> tuple[list[ChainedRow], int]:
    one, two = sorted(rng.sample(range(len(rows)), 2))
    made = list(rows)
    made[one], made[two] = replace(rows[two], seq=one + 1), replace(rows[one], seq=two + 1)
    return made, one + 1


TAMPERINGS = [
    altered_content,
    altered_with_own_digest,
    altered_mark,
    renamed,
    removed,
    removed_and_renumbered,
    inserted,
    inserted_beside,
    swapped,
]


def test_an_untouched_chain_is_whole_across_batches_and_keys() -> None:
    verdict = verify(WHOLE, keys=KEYS, anchors=[ANCHOR, Head(WHOLE[9].seq, WHOLE[9].mac)])
    assert verdict.whole and verdict.rows == ROWS and verdict.head == ANCHOR
    assert {row.mac[0] for row in WHOLE} == {1, 2}


def test_a_thousand_random_tamperings_are_all_found_at_the_first_wrong_row() -> None:
    rng = random.Random(36)
    for number in range(1_000):
        tampering = TAMPERINGS[number % len(TAMPERINGS)]
        rows, first = tampering(WHOLE, rng)
        verdict = verify(rows, keys=KEYS, anchors=[ANCHOR])
        assert verdict.finding is not None, tampering.__name__
        assert verdict.finding.seq == first, (tampering.__name__, verdict.finding)


@pytest.mark.parametrize(
    ("tampering", "names"),
    [
        (altered_content, {Damage.ALTERED}),
        (altered_with_own_digest, {Damage.FORGED}),
        (removed_and_renumbered, {Damage.MOVED, Damage.CUT}),
        (removed, {Damage.REMOVED, Damage.CUT}),
        (inserted_beside, {Damage.INSERTED}),
        (swapped, {Damage.MOVED}),
        (inserted, {Damage.MOVED, Damage.FORGED}),
    ],
)
def test_each_tampering_is_called_by_its_name(tampering, names) -> None:  # type: ignore[no-untyped-def]
    rng = random.Random(7)
    findings = [verify(tampering(WHOLE, rng)[0], keys=KEYS, anchors=[ANCHOR]).finding for _ in range(60)]
    assert {finding.damage for finding in findings if finding} <= names


def test_a_cut_end_is_found_by_the_anchor_and_only_by_it() -> None:
    cut = WHOLE[:-3]
    assert verify(cut, keys=KEYS).whole
    finding = verify(cut, keys=KEYS, anchors=[ANCHOR]).finding
    assert finding is not None and (finding.damage, finding.seq) == (Damage.CUT, ROWS - 2)
    emptied = verify([], keys=KEYS, anchors=[ANCHOR]).finding
    assert emptied is not None and emptied.seq == 1


def test_a_chain_written_anew_with_the_key_is_found_by_the_anchor() -> None:
    other = chain(batch=9)
    assert verify(other, keys=KEYS).whole
    finding = verify(other, keys=KEYS, anchors=[ANCHOR]).finding
    assert finding is not None and (finding.damage, finding.seq) == (Damage.OTHER, ROWS)


def test_a_later_part_is_verified_from_its_head() -> None:
    middle = Head(WHOLE[29].seq, WHOLE[29].mac)
    assert verify(WHOLE[30:], keys=KEYS, start=middle, anchors=[middle, ANCHOR]).whole
    assert not verify(WHOLE[31:], keys=KEYS, start=middle).whole
    assert not verify(WHOLE[30:], keys=KEYS).whole


def test_without_the_keys_nothing_passes_for_genuine() -> None:
    for keys in ({}, {1: b"x" * 32, 2: b"y" * 32}, {2: KEYS[2]}):
        finding = verify(WHOLE, keys=keys).finding
        assert finding is not None and finding.seq == 1


def test_an_unsealed_row_is_already_guarded() -> None:
    content = {"action": "claim", "wish": 5}
    digest = row_digest("ev-1", content, kid=1, key=KEYS[1])
    assert row_is_genuine("ev-1", content, digest, keys=KEYS)
    assert not row_is_genuine("ev-2", content, digest, keys=KEYS)
    assert not row_is_genuine("ev-1", content | {"wish": 6}, digest, keys=KEYS)
    assert not row_is_genuine("ev-1", content, b"", keys=KEYS)
    assert not row_is_genuine("ev-1", content, b"\x02" + digest[1:], keys=KEYS)


def test_sealing_nothing_leaves_the_head_where_it_is() -> None:
    assert seal([], ANCHOR, kid=1, key=KEYS[1]) == ([], ANCHOR)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), json_values, max_size=6), st.randoms())
def test_the_written_form_does_not_depend_on_the_order_of_keys(content: dict[str, object], rng: random.Random) -> None:
    shuffled = list(content.items())
    rng.shuffle(shuffled)
    assert canonical_json(dict(shuffled)) == canonical_json(content)  # type: ignore[arg-type]


@given(json_values)
def test_the_written_form_can_be_read_back_whole(content: object) -> None:
    """So no two contents share one."""
    written = canonical_json(content)  # type: ignore[arg-type]
    assert json.loads(written) == content
    assert canonical_json(json.loads(written)) == written


def test_values_that_python_calls_equal_are_written_differently() -> None:
    assert len({canonical_json([value]) for value in (1, True, "1", "true")}) == 4


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1: 2}, {"a": {1}}, [object()], {"a": [0.5]}])
def test_what_has_no_single_written_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)  # type: ignore[arg-type]
    with pytest.raises(NotCanonical):
        row_digest("ev-1", {"value": value}, kid=1, key=KEYS[1])  # type: ignore[dict-item]
