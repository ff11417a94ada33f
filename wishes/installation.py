"""What one process works with, each opened when it is first needed, so that ``--help`` and a dry start need nothing."""

from __future__ import annotations

from functools import cached_property

from wishes.db import Database
from wishes.protection.keyring import Keyring, read_keyring
from wishes.settings import Settings, from_environment


class Installation:
    """The installation that the environment describes."""

    @cached_property
    def settings(self) -> Settings:
        return from_environment()

    @cached_property
    def database(self) -> Database:
        return Database(self.settings)

    @cached_property
    def keyring(self) -> Keyring:
        return read_keyring(self.settings.keys_dir)
