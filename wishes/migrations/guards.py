"""Triggers that keep the event table append-only; only the relay's ``announced_at`` may change."""

from __future__ import annotations

import sqlalchemy as sa

_KEPT = (
    "id",
    "campaign_id",
    "wish_id",
    "claim_id",
    "action",
    "old_status",
    "new_status",
    "actor_id",
    "reason",
    "data",
    "occurred_at",
    "recorded_at",
)


def guard_events(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            f"CREATE TRIGGER event_no_update BEFORE UPDATE OF {', '.join(_KEPT)} ON event "
            "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER event_no_delete BEFORE DELETE ON event "
            "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        )
        return
    connection.exec_driver_sql(
        "CREATE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER event_no_update BEFORE UPDATE OF {', '.join(_KEPT)} ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_refuse()"
    )
    connection.exec_driver_sql(
        "CREATE TRIGGER event_no_delete BEFORE DELETE OR TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()"
    )


def drop_event_guard(connection: sa.Connection) -> None:
    on = "" if connection.dialect.name == "sqlite" else " ON event"
    for name in ("event_no_update", "event_no_delete"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on}")
    if not on:
        return
    connection.exec_driver_sql("DROP FUNCTION IF EXISTS event_refuse()")
