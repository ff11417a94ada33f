"""``microwish match``: find the best assignment, propose it, and say why."""

from __future__ import annotations

from typing import Any

import click

from wishes.campaigns.queries import campaign_by_slug, rules_of
from wishes.claims.match_finding import match
from wishes.claims.match_report import report_of
from wishes.claims.matching import POLICIES, run
from wishes.clock import utc_now
from wishes.commands.edge import OPERATOR, Edge


@click.command(name="match")
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option("--dry-run", is_flag=True, help="Find and report, propose nothing.")
@click.option("--policy", type=click.Choice(POLICIES), default="batch", show_default=True,
              help="batch: all open wishes; incremental: also move a few standing proposals.")
@click.option("--seed", type=int, default=0, show_default=True, help="Equal seeds and equal data give an equal plan.")
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="End the search then with the best plan so far; without it, it ends by itself.")
@click.option("--advice/--no-advice", default=True, show_default=True, help="Say where one more would help most.")
@click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output, wish by wish.")
@click.pass_obj
def match_(edge: Edge, slug: str, dry_run: bool, policy: str, seed: int, time_limit: float | None, advice: bool, as_json: bool) -> None:
    """匹配：把待认领的心愿派给支部和志愿者。Assign open wishes to branches and volunteers, with reasons."""
    now = utc_now()
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id
        assert campaign_id is not None
        rules = rules_of(session, campaign_id)
    edge.progress(f"Matching {slug} …")
    figures: dict[str, Any]
    if dry_run:
        with edge.database.reading() as session:
            matched = match(session, campaign_id=campaign_id, actor=OPERATOR, now=now, policy=policy, seed=seed,
                            time_limit_s=time_limit, rules=rules)  # fmt: skip
        figures = {**matched.figures(), "dry_run": True}
    else:
        matched, figures = run(edge.database, campaign_id=campaign_id, actor=OPERATOR, now=now, policy=policy, seed=seed,
                               time_limit_s=time_limit)  # fmt: skip
    with edge.database.reading() as session:
        report = report_of(session, matched, figures, with_advice=advice, with_wishes=as_json)
    edge.emit(report, as_json)


COMMANDS: list[click.Command] = [match_]
