"""The whole run in the product on the 2021 campaign: load, score, solve, explain, store ten thousand proposals.

    python benchmarks/match_product.py [--repeat 3] [--cold] [--json]

Sets up a campaign of its own (SQLite, in a temporary folder) from ``wishes/demo/hangzhou-2021``: registers, then the 132
workbooks. Prints each phase, the proved gap, and what the machine gave: wall time beside processor time, so that a busy
machine can be told from a slow program.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from matching.ready import begin_loading
from wishes.campaigns.loading import load_campaign
from wishes.campaigns.queries import campaign_by_slug
from wishes.claims.match_report import report_of
from wishes.claims.matching import run, withdraw_run
from wishes.claims.registers import import_branches, import_members, import_volunteers
from wishes.clock import utc_now
from wishes.commands.edge import OPERATOR
from wishes.db import Database
from wishes.intake.actions import publish_all, verify_all
from wishes.intake.admitting import admission
from wishes.intake.kinship import compare, stored_children
from wishes.intake.reader import files_in, read_files, reader_for
from wishes.intake.store import store_reading
from wishes.migrations import upgrade
from wishes.protection.keyring import create_keyring, read_keyring
from wishes.settings import PACKAGE_DIR, Settings

DATA = PACKAGE_DIR / "demo" / "hangzhou-2021"


def set_up(folder: Path) -> tuple[Database, int]:
    """The campaign with every wish published; answers the database and the campaign's id."""
    settings = Settings(
        var_dir=folder,
        database_url=f"sqlite:///{folder / 'microwish.sqlite3'}",
        redis_url=None,
        secret_key="benchmark " * 4,
    )
    database, now = Database(settings), utc_now()
    upgrade(database)
    create_keyring(settings.keys_dir)
    with database.transaction() as session:
        load_campaign(session, folder=DATA, now=now, actor=OPERATOR)
        campaign_id = campaign_by_slug(session, "hangzhou-2021").id
        assert campaign_id is not None
        for name, verb in (
            ("branches", import_branches),
            ("members", import_members),
            ("volunteers", import_volunteers),
        ):
            file = DATA / f"{name}.xlsx"
            verb(session, campaign_id=campaign_id, data=file.read_bytes(), name=file.name, now=now, actor=OPERATOR)
        reader = reader_for(session, campaign_id)
    readings = list(read_files(reader, files_in([DATA / "wishes"]), processes=2))
    keyring = read_keyring(settings.keys_dir)
    with database.transaction() as session:
        campaign = campaign_by_slug(session, "hangzhou-2021")
        admitting = admission(session, campaign=campaign, keyring=keyring, actor=OPERATOR, now=now)
        kinship, _ = compare(readings, stored_children(session, admitting.vault, campaign_id))
        for reading in readings:
            store_reading(
                session,
                campaign=campaign,
                reading=reading,
                keyring=keyring,
                now=now,
                actor=OPERATOR,
                kinship=kinship,
                with_=admitting,
            )
    for verb in (verify_all, publish_all):
        with database.transaction() as session:
            verb(session, campaign_id=campaign_id, actor=OPERATOR, now=now)
    return database, campaign_id


def measured(database: Database, campaign_id: int) -> dict[str, Any]:
    wall, processor = time.perf_counter(), time.process_time()
    matched, figures = run(database, campaign_id=campaign_id, actor=OPERATOR, now=utc_now())
    with database.reading() as session:
        reasons = report_of(session, matched, figures, with_advice=False, with_wishes=False)["unmatched_groups"]
    spent = time.perf_counter() - wall, time.process_time() - processor
    with database.transaction() as session:
        withdraw_run(session, run_id=figures["run"], actor=OPERATOR, now=utc_now())
    return {
        "wall_s": round(spent[0], 2), "processor_s": round(spent[1], 2), "phases_wall_s": figures["seconds"], "reasons": len(reasons),
        **{name: figures[name] for name in ("wishes", "matched", "unmatched", "proposed", "gap", "points", "lower_bound", "arcs", "rounds", "plan_hash")},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--cold",
        action="store_true",
        help="without loading the compiled parts first, which the page and the command do as soon as they are opened",
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database, campaign_id = set_up(Path(folder))
        if not asked.cold:
            begin_loading().join()
        runs = [measured(database, campaign_id) for _ in range(asked.repeat)]
        database.dispose()
    for found in runs:
        print(json.dumps(found) if asked.json else "  ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
