"""``microwish labels``: parcel labels and the other papers as PDF."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click

from wishes.campaigns.queries import campaign_by_slug
from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.handover import paper
from wishes.lifecycle import FINISHED, HELD, Status

_TOLD_EVERY_S = 1.0


@click.command()
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write.")
@click.option("--layout", type=click.Choice(paper.LAYOUTS), default="a4-24", show_default=True)
@click.option("--paper", "kind", type=click.Choice(tuple(paper.PAPERS)), default="labels", show_default=True)
@click.option("--receipts", is_flag=True, help="The same as --paper receipts: sealed slips for the receiving side.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([str(s) for s in (*HELD, *FINISHED)]),
    multiple=True,
    help="Only wishes in this stage. Repeatable.",
)
@click.option("--county", default="", help="Only this county (code).")
@click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
@click.pass_obj
def labels(
    edge: Edge,
    slug: str,
    out: Path,
    layout: str,
    kind: str,
    receipts: bool,
    statuses: tuple[str, ...],
    county: str,
    as_json: bool,
) -> None:
    """Print labels or another paper for the wishes it is usual for, all of them, with progress."""
    kind = "receipts" if receipts else kind
    order = paper.order_of(kind, statuses=tuple(Status(s) for s in statuses), county_code=county, layout=layout)
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id or 0
        total = paper.count_of(session, campaign_id, order)
    press = paper.Press(edge.database, edge.keyring, edge.settings, utc_now())
    started, half = time.monotonic(), out.with_name(f".{out.name}.part")
    try:
        with half.open("wb") as file:
            printed = paper.print_order(press, campaign_id, order, file, progress=_told(edge, total))
        half.replace(out)  # whoever looks sees the whole file or none
    finally:
        half.unlink(missing_ok=True)
    seconds = round(time.monotonic() - started, 2)
    edge.emit({"file": str(out), "printed": printed, "kind": kind, "seconds": seconds}, as_json)


def _told(edge: Edge, total: int) -> Callable[[int], None]:
    """Says how far it is, at most once a second."""
    last = time.monotonic() - _TOLD_EVERY_S

    def told(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _TOLD_EVERY_S or done >= total:
            last = time.monotonic()
            edge.progress(f"{done:,} of {total:,}")

    return told


COMMANDS: list[click.Command] = [labels]
