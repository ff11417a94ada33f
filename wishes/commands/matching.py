"""``microwish match``: find the best assignment, propose it, and say why."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from matching.ready import begin_loading
from wishes.campaigns.queries import campaign_by_slug, rules_of
from wishes.campaigns.rules import Rules
from wishes.claims.match_finding import match
from wishes.claims.match_report import report_of
from wishes.claims.matching import POLICIES, run
from wishes.clock import utc_now
from wishes.commands.edge import OPERATOR, Edge


@contextmanager
def solvers_talk_aside() -> Iterator[None]:
    """HiGHS prints a line of its own now and then, from C; it must not get into JSON, so standard output is elsewhere meanwhile."""
    sys.stdout.flush()
    c = ctypes.CDLL(None)
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        c.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


@click.command(name="match")
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option("--dry-run", is_flag=True, help="Find and report, propose nothing.")
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default="batch",
    show_default=True,
    help="batch: all open wishes; incremental: also move a few standing proposals.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Equal seeds and equal data give an equal plan.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End the search then with the best plan so far; without it, it ends by itself.",
)
@click.option("--advice/--no-advice", default=True, show_default=True, help="Say where one more would help most.")
@click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output, wish by wish.")
@click.pass_obj
def match_(
    edge: Edge, slug: str, dry_run: bool, policy: str, seed: int, time_limit: float | None, advice: bool, as_json: bool
) -> None:
    """匹配：把待认领的心愿派给支部和志愿者。Assign open wishes to branches and volunteers, with reasons."""
    begin_loading()
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id
        assert campaign_id is not None
        rules = rules_of(session, campaign_id)
    edge.progress(f"Matching {slug} …")
    with solvers_talk_aside():
        report = _matched(
            edge, campaign_id, rules, policy, seed, time_limit, dry_run=dry_run, advice=advice, with_wishes=as_json
        )
    edge.emit(report, as_json)


def _matched(
    edge: Edge, campaign_id: int, rules: Rules, policy: str, seed: int, time_limit: float | None, *, dry_run: bool, advice: bool,
    with_wishes: bool,
) -> dict[str, Any]:  # fmt: skip
    now = utc_now()
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
        return report_of(session, matched, figures, with_advice=advice, with_wishes=with_wishes)


COMMANDS: list[click.Command] = [match_]
