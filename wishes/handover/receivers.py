"""Who took a parcel, where a scan says so by name: closed with the child's own key, and erased with the child."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session

from wishes.handover.conflicts import ScanSeen
from wishes.intake.tables import Child
from wishes.model import table_of
from wishes.protection.vault import Erased, Vault, open_sealed, place

_CHILD = table_of(Child)


def receiver_name(session: Session, scan: ScanSeen, child_id: int, *, vault: Vault) -> str:
    """The name that a scan gives, for who may see the child; empty when there is none or when it was erased.

    Raises SealBroken, KeyMissing. The caller records the look.
    """
    wrapped = session.execute(sa.select(_CHILD.c.data_key).where(_CHILD.c.id == child_id)).scalar()
    try:
        key = vault.unwrap(wrapped, aad=place("child", child_id, "data_key"))
    except Erased:
        return ""
    if scan.receiver_name is None:
        return ""
    return str(open_sealed(scan.receiver_name, data_key=key, aad=place("scan", scan.nonce, "receiver_name"))["name"])
