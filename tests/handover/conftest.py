from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

import wishes

# a busy machine is no bug: what has to be fast is measured in a test of its own
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def fonts_dir() -> Path:
    """The two Noto Sans SC files that the build puts into the package."""
    folder = Path(wishes.__file__).parent / "static" / "vendor" / "fonts"
    assert folder.is_dir(), "the fonts are not there: build the package once (./run does)"
    return folder
