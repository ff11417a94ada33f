"""``microwish import pending``: read by hand the files that wait, when no worker runs."""

from __future__ import annotations

import click

from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.commands.importing import import_
from wishes.intake.processing import process_queue
from wishes.intake.store import StoredFile
from wishes.intake.uploads import Originals


@import_.command()
@click.option(
    "--seconds", type=click.FloatRange(min=0), default=3600.0, show_default=True, help="Begin no more files after this."
)
@click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
@click.pass_obj
def pending(edge: Edge, seconds: float, as_json: bool) -> None:
    """上传后等待的文件：现在读取。Read the uploaded files that wait, as the worker would."""

    def told(done: StoredFile) -> None:
        edge.progress(f"file {done.file_id}: {done.state}, {done.counts.get('read', 0)} wishes")

    originals = Originals(edge.settings.uploads_dir, edge.keyring)
    done = process_queue(edge.database, originals, edge.keyring, clock=utc_now, seconds=seconds, told=told)
    edge.emit({"files": done.files, "entries": done.entries, **done.states}, as_json)


COMMANDS: list[click.Command] = [import_]
