from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admission.site import Site


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("forms")
    shutil.copy(sqlite_template, folder / "microwish.sqlite3")
    made = Site(folder)
    yield made
    made.app.extensions["microwish.database"].dispose()
