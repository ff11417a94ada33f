"""``microwish labels``: parcel labels and receipt slips as PDF."""

from __future__ import annotations

from pathlib import Path

import click

from wishes.campaigns.queries import campaign_by_slug
from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.handover import paper
from wishes.handover.keys import signing_keys
from wishes.intake.wishes import Filter
from wishes.lifecycle import HELD, Status


@click.command()
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write.")
@click.option("--layout", type=click.Choice(paper.LAYOUTS), default="a4-24", show_default=True)
@click.option("--receipts", is_flag=True, help="Sealed receipt slips for the receiving side instead of parcel labels.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([str(s) for s in HELD]),
    multiple=True,
    help="Only wishes in this stage. Repeatable.",
)
@click.option("--county", default="", help="Only this county (code).")
@click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
@click.pass_obj
def labels(
    edge: Edge, slug: str, out: Path, layout: str, receipts: bool, statuses: tuple[str, ...], county: str, as_json: bool
) -> None:
    """Print labels (or receipt slips) of what is bought and not yet delivered."""
    signer, _ = signing_keys(edge.keyring)
    stages = tuple(Status(s) for s in statuses) or ((Status.READY, Status.INSPECTED) if not receipts else HELD)
    with edge.database.transaction() as session:
        campaign = campaign_by_slug(session, slug)
        rows = paper.printable(session, campaign.id or 0, Filter(statuses=stages, county_code=county))
        edge.progress(f"Drawing {len(rows)} …")
        if receipts:
            pdf = paper.receipts_pdf(session, rows, signer=signer, settings=edge.settings, now=utc_now())
        else:
            pdf = paper.labels_pdf(session, rows, signer=signer, settings=edge.settings, now=utc_now(), layout=layout)
    out.write_bytes(pdf.getvalue())
    edge.emit({"file": str(out), "printed": len(rows), "kind": "receipts" if receipts else "labels"}, as_json)


COMMANDS: list[click.Command] = [labels]
