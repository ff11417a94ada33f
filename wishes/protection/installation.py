"""The installation's own settings stand in the record, too: who set what is not known, but when it was found changed is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM
from wishes.model import table_of
from wishes.protection.entries import note
from wishes.protection.tables import AuditEntry
from wishes.settings import Settings

_ENTRY = table_of(AuditEntry)


def told(settings: Settings) -> dict[str, Any]:
    """What protects people, without anything secret."""
    apps = {
        name: app.app_id
        for name in ("wechat", "wechat_web", "wecom", "wecom_web")
        if (app := getattr(settings, name)) is not None
    }
    return {
        "production": settings.production,
        "base_url": settings.base_url,
        "database": "sqlite" if settings.on_sqlite else "postgresql",
        "own_redis": settings.redis_url is not None,
        "second_step_required": settings.second_step_required,
        "session_hours": settings.session_hours,
        "requests_per_minute": settings.requests_per_minute,
        "max_upload_bytes": settings.max_upload_bytes,
        "trusted_proxies": settings.trusted_proxies,
        "sign_in_apps": apps,
    }


def note_settings(session: Session, settings: Settings, *, now: datetime) -> list[str]:
    """Note the settings when they are not those of the last time; answers the names of what changed."""
    latest = session.execute(
        sa.select(_ENTRY.c.data).where(_ENTRY.c.kind == "settings").order_by(_ENTRY.c.id.desc()).limit(1)
    ).scalar()
    before: dict[str, Any] = (latest or {}).get("now", {})
    present = told(settings)
    changed = sorted(name for name in {*before, *present} if before.get(name) != present.get(name))
    if changed:
        note(session, "settings", actor=SYSTEM, now=now, fields=changed, data={"now": present})
    return changed
