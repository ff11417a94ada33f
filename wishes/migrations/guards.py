"""Triggers that keep the record append-only: of an event nothing but the relay's ``announced_at`` may change, of the audit
entries, the chain's links and its anchors, the scans and what was settled of them nothing at all. Free words may be taken out of either, never put in."""

from __future__ import annotations

import sqlalchemy as sa

_EVENT_KEPT = (
    "id",
    "campaign_id",
    "wish_id",
    "claim_id",
    "action",
    "old_status",
    "new_status",
    "actor_id",
    "request_id",
    "data",
    "occurred_at",
    "recorded_at",
)
REDACTED = "〔已删除〕"
"""The one thing that the free words of a record may become: see :func:`wishes.protection.audit.redact`."""
_REDACTABLE = ("event", "audit_entry", "scan")
_ENTRY_KEPT = (
    "id",
    "kind",
    "campaign_id",
    "actor_id",
    "account_id",
    "child_id",
    "wish_id",
    "file_id",
    "access_id",
    "fields",
    "request_id",
    "data",
    "recorded_at",
)
_SCAN_KEPT = (
    "id",
    "campaign_id",
    "wish_id",
    "claim_id",
    "label_id",
    "nonce",
    "digest",
    "action",
    "channel",
    "account_id",
    "device_id",
    "device_seq",
    "device_at",
    "sent_at",
    "skew_s",
    "clock",
    "occurred_at",
    "recorded_at",
    "outcome",
    "code",
    "evidence",
    "receiver",
    "receiver_name",
    "place",
    "photo",
)
GUARDED: dict[str, tuple[str, ...]] = {
    "event": _EVENT_KEPT,
    "audit_entry": _ENTRY_KEPT,
    "audit_link": (),
    "audit_anchor": (),
    "scan": _SCAN_KEPT,
    "scan_settlement": (),
}
"""Table → the columns that never change; none named means all."""


def guard_events(connection: sa.Connection) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    if not on_sqlite:
        connection.exec_driver_sql(
            "CREATE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$"
        )
    for table, kept in GUARDED.items():
        update = f"UPDATE OF {', '.join(kept)}" if kept else "UPDATE"
        if on_sqlite:
            refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            connection.exec_driver_sql(f"CREATE TRIGGER {table}_no_update BEFORE {update} ON {table} {refuse}")
            if table in _REDACTABLE:
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {table}_no_rewording BEFORE UPDATE OF reason ON {table} "
                    f"WHEN NEW.reason <> '{REDACTED}' {refuse}"
                )
            connection.exec_driver_sql(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
            continue
        connection.exec_driver_sql(
            f"CREATE TRIGGER {table}_no_update BEFORE {update} ON {table} FOR EACH ROW EXECUTE FUNCTION event_refuse()"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()"
        )
        if table in _REDACTABLE:
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_rewording BEFORE UPDATE OF reason ON {table} FOR EACH ROW "
                f"WHEN (NEW.reason IS DISTINCT FROM '{REDACTED}') EXECUTE FUNCTION event_refuse()"
            )


def drop_event_guard(connection: sa.Connection) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    for table in GUARDED:
        for name in (f"{table}_no_update", f"{table}_no_delete", f"{table}_no_rewording"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{'' if on_sqlite else f' ON {table}'}")
    if not on_sqlite:
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS event_refuse()")
