"""Readings and identities, sealed: the only place where intake touches the vault.

An import row's reading has a data key of its own, stored wrapped in front of it, since rows that wait or were rejected
belong to no child that is remembered. Erasing a child also empties the readings of its rows
(:func:`wishes.intake.queries.rows_of_child`).
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from wishes.intake.understanding.model import Entry, Trace
from wishes.protection.vault import JsonValue, Vault, open_sealed, place, seal

NAME_FIELD = "child.name"
_TRACED = ("cell", "text", "how", "confidence")
_WRAPPED_KEY_BYTES = 62  # see Vault.new_data_key
_DEFAULTS = {
    each.name: each.default if each.default_factory is MISSING else each.default_factory() for each in fields(Entry)
}


def seal_entry(vault: Vault, file_id: int, entry: Entry) -> bytes:
    """The whole reading of one entry, for ``ImportRow.reading``, bound to file, sheet, cell and part."""
    key, wrapped = vault.new_data_key(aad=_row_place(file_id, entry.sheet, entry.cell, entry.part, "data_key"))
    told = {name: value for name, default in _DEFAULTS.items() if (value := getattr(entry, name)) != default}
    if entry.traces:
        told["traces"] = {name: [getattr(trace, each) for each in _TRACED] for name, trace in entry.traces.items()}
    return wrapped + seal(told, data_key=key, aad=_row_place(file_id, entry.sheet, entry.cell, entry.part, "reading"))


def open_entry(vault: Vault, file_id: int, sheet: str, cell: str, part: int, sealed: bytes | None) -> Entry:
    """What :func:`seal_entry` closed. Raises Erased when it was emptied, SealBroken when it was moved or altered."""
    wrapped = sealed[:_WRAPPED_KEY_BYTES] if sealed else None
    key = vault.unwrap(wrapped, aad=_row_place(file_id, sheet, cell, part, "data_key"))
    told: dict[str, Any] = dict(
        open_sealed(
            (sealed or b"")[_WRAPPED_KEY_BYTES:], data_key=key, aad=_row_place(file_id, sheet, cell, part, "reading")
        )
    )
    traces = {name: Trace(*trace) for name, trace in told.pop("traces", {}).items()}
    for name in ("phone", "types"):
        if name in told:
            told[name] = tuple(told[name])
    return Entry(**told, traces=traces)


def rewrap_entry(vault: Vault, file_id: int, sheet: str, cell: str, part: int, sealed: bytes) -> bytes | None:
    """A sealed reading with its key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    wrapped = vault.rewrap(sealed[:_WRAPPED_KEY_BYTES], aad=_row_place(file_id, sheet, cell, part, "data_key"))
    return None if wrapped is None else wrapped + sealed[_WRAPPED_KEY_BYTES:]


def rewrap_child(vault: Vault, child_id: int, data_key: bytes) -> bytes | None:
    """A child's data key under the active master key, or None when it is already. Raises SealBroken, KeyMissing."""
    return vault.rewrap(data_key, aad=place("child", child_id, "data_key"))


def seal_identity(
    vault: Vault, child_id: int, identity: dict[str, Any], *, data_key: bytes | None = None
) -> dict[str, bytes]:
    """The sealed columns of a child: its own data key, its identity, and the blind index of its name.

    *data_key* is the one it has (wrapped), which other things are sealed with, too; None for a child that has none yet. Raises
    SealBroken, KeyMissing.
    """
    aad = place("child", child_id, "data_key")
    key, wrapped = vault.new_data_key(aad=aad) if data_key is None else (vault.unwrap(data_key, aad=aad), data_key)
    return {
        "data_key": wrapped,
        "identity": seal(identity, data_key=key, aad=place("child", child_id, "identity")),
        "name_index": vault.blind_index(str(identity.get("name", "")), field=NAME_FIELD),
    }


def open_identity(vault: Vault, child_id: int, data_key: bytes | None, identity: bytes | None) -> dict[str, JsonValue]:
    """Who the child is: name, birth, age, guardian, relation, phones, village, school, recno, county, town.

    What is unknown is absent. For people who may see it only, and then recorded. Raises Erased, SealBroken, KeyMissing.
    """
    key = vault.unwrap(data_key, aad=place("child", child_id, "data_key"))
    return open_sealed(identity or b"", data_key=key, aad=place("child", child_id, "identity"))


def _row_place(file_id: int, sheet: str, cell: str, part: int, column: str) -> str:
    return place("import_row", f"{file_id}|{sheet}|{cell}|{part}", column)
