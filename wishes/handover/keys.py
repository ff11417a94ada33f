"""The keys that sign a hand-over's codes, from the installation's key ring."""

from __future__ import annotations

from wishes.handover.tokens import PublicKeys, TokenSigner
from wishes.protection.keyring import Keyring, Purpose


def signing_keys(keyring: Keyring) -> tuple[TokenSigner, PublicKeys]:
    """The signer of new codes, and the public keys of all codes still good. Raises KeyMissing before ``init``."""
    active = keyring.active(Purpose.TOKEN)
    seeds = keyring.secrets(Purpose.TOKEN)
    return TokenSigner(active.kid, active.secret, seeds), PublicKeys.from_seeds(seeds)
