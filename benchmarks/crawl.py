"""The crawler of the suite over a whole campaign: every child of all workbooks, every role, many addresses of each shape.

python -m benchmarks.crawl --workbooks 132 --most 60
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import click

from tests.conftest import settings_for
from tests.crawler.installation import load
from tests.crawler.test_crawler import leaks
from tests.crawler.walking import Walk
from wishes.access import Role


@click.command()
@click.option("--workbooks", default=132, show_default=True)
@click.option("--most", default=60, show_default=True, help="Addresses of one shape.")
def main(workbooks: int, most: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.monotonic()
        loaded = load(settings_for(f"sqlite:///{folder / 'microwish.sqlite3'}", folder), workbooks=workbooks)
        print(
            f"loaded in {time.monotonic() - began:.0f} s: {len(loaded.personal.values)} values, {loaded.personal.left_out} public"
        )
        told: dict[str, dict[str, int]] = {}
        for role in (None, *Role):
            answers, found = 0, 0
            for answer in Walk(loaded, role, most).answers():
                answers += 1
                kinds = leaks(loaded, role, answer)
                found += len(kinds)
                if kinds:
                    print(role, answer.path, kinds)
            told[str(role or "nobody")] = {"answers": answers, "leaks": found}
        print(json.dumps({"seconds": round(time.monotonic() - began), **told}, indent=1))
        loaded.app.extensions["microwish.database"].dispose()


if __name__ == "__main__":
    main()
