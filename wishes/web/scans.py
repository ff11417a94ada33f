"""Who takes scans at the edge: with which keys, and where they come from."""

from __future__ import annotations

from flask import request

from wishes.access import Actor
from wishes.handover.keys import signing_keys
from wishes.handover.scanning import Desk
from wishes.protection.vault import Vault
from wishes.web.identity import keyring


def desk_of(actor: Actor, *, channel: str, campaign_id: int | None = None) -> Desk:
    """The desk for reports of this request. Raises KeyMissing before ``init``."""
    ring = keyring()
    signer, keys = signing_keys(ring)
    return Desk(actor, signer, keys, Vault(ring), request.remote_addr or "", campaign_id, channel)
