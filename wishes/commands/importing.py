"""``microwish import``: workbooks and registers; ``microwish verify`` and ``publish``: what came in goes on."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlmodel import Session

from wishes.campaigns import actions as campaigns
from wishes.campaigns.loading import Update
from wishes.campaigns.queries import campaign_by_slug
from wishes.campaigns.tables import Campaign
from wishes.claims.registers import StoredRegister, import_branches, import_members, import_volunteers
from wishes.clock import utc_now
from wishes.commands.edge import OPERATOR, Edge
from wishes.db import Database
from wishes.intake.actions import BulkOutcome, publish_all, verify_all
from wishes.intake.batch import Batch, take_batch
from wishes.intake.reader import Reader, files_in, read_files, reader_for
from wishes.intake.report import write_report
from wishes.intake.store import store_reading
from wishes.intake.understanding.model import FileReading
from wishes.intake.updating import apply_revision
from wishes.protection.vault import Vault

_campaign = click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
_dry_run = click.option("--dry-run", is_flag=True, help="Read and report, store nothing.")
_rows_file = click.option(
    "--json", "rows_file", metavar="FILE", help="Write one object per entry to FILE (- is standard output)."
)
_register_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


class _NothingStored(Exception):
    """Ends the transaction of a dry run."""


@contextmanager
def _transaction(database: Database, *, dry_run: bool) -> Iterator[Session]:
    """The edge's transaction; of a dry run nothing remains."""
    try:
        with database.transaction() as session:
            yield session
            if dry_run:
                raise _NothingStored
    except _NothingStored:
        return


@click.group(name="import")
def import_() -> None:
    """导入：心愿表、支部、党员、志愿者、地名、目录。Import workbooks and registers."""


def _register(name: str, verb: Callable[..., StoredRegister | Update], help_text: str) -> None:
    """``microwish import <name>``: one file, read and stored in one transaction."""

    @import_.command(name=name, help=help_text)
    @_register_file
    @_campaign
    @_dry_run
    @_rows_file
    @click.pass_obj
    def command(edge: Edge, file: Path, slug: str, dry_run: bool, rows_file: str | None) -> None:
        with _transaction(edge.database, dry_run=dry_run) as session:
            campaign_id = campaign_by_slug(session, slug).id
            done = verb(
                session, campaign_id=campaign_id, data=file.read_bytes(), name=file.name, now=utc_now(), actor=OPERATOR
            )
        figures, rows, read = asdict(done), [], ""
        if isinstance(done, StoredRegister):
            figures, rows, read = done.figures(), list(done.rows), f"{done.lines} lines, {done.entries} entries, "
        edge.progress(f"{name}: {read}+{done.added} ~{done.changed}")
        _answer(edge, {"dry_run": dry_run, **figures}, rows, rows_file)


_register("branches", import_branches, "党支部与爱心组织的承诺。Pledges of branches and organisations.")
_register("members", import_members, "党员与爱心人士。Party members and caring people; import the branches first.")
_register("volunteers", import_volunteers, "志愿者、核查与资质。Volunteers with their checks and certificates.")


_register("places", campaigns.import_places, "区县与乡镇。Counties and townships with their codes.")
_register("catalogue", campaigns.import_catalogue, "心愿目录。Common wish items.")


@import_.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_campaign
@_dry_run
@_rows_file
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a workbook of every row and what became of it.",
)
@click.option("--processes", type=click.IntRange(1, 16), default=min(2, os.cpu_count() or 1), show_default=True)
@click.option(
    "--revise", is_flag=True, help="Also make the changes and withdrawals of files that were sent again corrected."
)
@click.pass_obj
def wishes(
    edge: Edge,
    paths: tuple[Path, ...],
    slug: str,
    dry_run: bool,
    rows_file: str | None,
    report: Path | None,
    processes: int,
    revise: bool,
) -> None:
    """心愿表：读取、判断、登记。Read wish workbooks as their senders made them, and store what they hold."""
    vault = Vault(edge.keyring)
    with edge.database.reading() as session:
        campaign = campaign_by_slug(session, slug)
        assert campaign.id is not None
        reader = reader_for(session, campaign.id)
    files = files_in(paths)
    edge.database.dispose()  # reading forks, and a connection belongs to one process
    readings = _read_all(edge, reader, files, processes)
    with edge.database.reading() as session:
        batch = take_batch(session, vault, campaign.id, readings)
    figures: dict[str, Any] = {"dry_run": dry_run, "files": len(readings), **batch.figures()}
    if not dry_run:
        figures["stored"] = _store_all(edge, campaign, batch, revise=revise)
    objects = batch.objects() if rows_file or report else []
    if report:
        write_report(report, readings, batch.reported(objects))
    _answer(edge, figures, objects, rows_file)


def _read_all(edge: Edge, reader: Reader, files: list[Path], processes: int) -> list[FileReading]:
    started, entries = time.monotonic(), 0
    readings = []
    for number, reading in enumerate(read_files(reader, files, processes=processes), 1):
        readings.append(reading)
        entries += len(reading.entries)
        if number % 20 == 0 or number == len(files):
            edge.progress(
                f"read {number}/{len(files)} files, {entries} wishes, {entries / max(0.001, time.monotonic() - started):.0f}/s"
            )
    return readings


def _store_all(edge: Edge, campaign: Campaign, batch: Batch, *, revise: bool) -> dict[str, int]:
    """Store each file in a transaction of its own; what was stored when something fails stays, and is skipped next time."""
    totals: Counter[str] = Counter()
    revised = {revision.file for revision in batch.revisions} if revise else set()
    for number, reading in enumerate(batch.readings, 1):
        now = utc_now()
        with edge.database.transaction() as session:
            done = store_reading(
                session,
                campaign=campaign,
                reading=reading,
                keyring=edge.keyring,
                now=now,
                actor=OPERATOR,
                kinship=batch.kinship,
                maybe=batch.maybe,
            )
            if reading.file in revised:
                applied = apply_revision(session, file_id=done.file_id, keyring=edge.keyring, actor=OPERATOR, now=now)
                totals.update({f"revision_{name}": number for name, number in applied.items()})
        totals.update({name: value for name, value in done.counts.items() if name != "repeats"})
        totals[f"files_{done.state}"] += 1
        if number % 20 == 0 or number == len(batch.readings):
            edge.progress(f"stored {number}/{len(batch.readings)} files, {totals['wishes']} wishes")
    return dict(totals)


def _answer(edge: Edge, figures: dict[str, Any], rows: list[dict[str, Any]], rows_file: str | None) -> None:
    """Counts on standard output, as JSON when entries were asked for; entries into their file, one to a line."""
    if rows_file == "-":
        edge.emit(rows, True)
        return
    if rows_file:
        text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        Path(rows_file).write_text(f"[\n{text}\n]\n", encoding="utf-8")
    edge.emit(figures, rows_file is not None)


def _step(name: str, verb: Callable[..., BulkOutcome], help_text: str) -> click.Command:
    @click.command(name=name, help=help_text)
    @_campaign
    @click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
    @click.pass_obj
    def command(edge: Edge, slug: str, as_json: bool) -> None:
        with edge.database.transaction() as session:
            campaign_id = campaign_by_slug(session, slug).id
            done = verb(session, campaign_id=campaign_id, actor=OPERATOR, now=utc_now())
        edge.progress(f"{name}: {len(done.moved)} moved, {len(done.held)} held back")
        edge.emit(done.figures(), as_json)

    return command


COMMANDS: list[click.Command] = [
    import_,
    _step("verify", verify_all, "核实：批量核实通过的心愿。Verify every submitted wish that nothing hinders."),
    _step("publish", publish_all, "公开：批量公开已核实的心愿。Publish every verified wish that nothing hinders."),
]
