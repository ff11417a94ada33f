from __future__ import annotations

from hypothesis import settings

# a busy machine is no bug: what has to be fast is measured in a test of its own
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
