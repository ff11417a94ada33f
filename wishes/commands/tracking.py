"""``microwish gaps``, ``sweep`` and ``import events``: measure the waiting, strike what is due, read an earlier history."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from wishes.campaigns.queries import campaign_by_slug
from wishes.clock import SHANGHAI, utc_now
from wishes.commands.edge import Edge
from wishes.commands.pending import import_
from wishes.errors import Invalid
from wishes.tracking.channels import outlets_of
from wishes.tracking.delivery import deliver
from wishes.tracking.gaps import GROUPINGS, GroupedBy, Period, compared
from wishes.tracking.gaps import gaps as measure_gaps
from wishes.tracking.past import import_history
from wishes.tracking.recall import last_known
from wishes.tracking.relay import relay
from wishes.tracking.sweep import sweep as run_sweep
from wishes.tracking.tracks import MEASURES


class Instant(click.ParamType):
    """A moment such as ``2021-12-31 18:00``, Beijing time unless it says otherwise."""

    name = "instant"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(
                f"“{value}” is not a moment; write 2021-12-31 18:00 (Beijing time) or 2021-12-31T10:00:00Z", param, ctx
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


class Days(click.ParamType):
    """A period such as ``2021-03-01..2021-06-30``, both days included."""

    name = "period"

    def convert(self, value: str | Period, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            return Period.of(value)
        except Invalid as error:
            self.fail(error.say("en"), param, ctx)


_as_json = click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")


@click.command()
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option(
    "--as-of", type=Instant(), help="With only what was known then, e.g. “2021-12-31 18:00”. Without it: now."
)
@click.option(
    "--by",
    "by",
    type=click.Choice(GROUPINGS),
    multiple=True,
    help="Also for each; repeatable. [default: county, category]",
)
@click.option(
    "--measure",
    type=click.Choice(MEASURES),
    default="claim_to_delivery",
    show_default=True,
    metavar="MEASURE",
    help=f"One of {', '.join(MEASURES)}.",
)
@click.option(
    "--compare",
    nargs=2,
    type=Days(),
    metavar="PERIOD PERIOD",
    help="Instead: the wishes that began in each of two periods, like 2021-03-01..2021-06-30.",
)
@_as_json
@click.pass_obj
def gaps(
    edge: Edge,
    slug: str,
    as_of: datetime | None,
    by: tuple[GroupedBy, ...],
    measure: str,
    compare: tuple[Period, Period] | None,
    as_json: bool,
) -> None:
    """时间差：孩子要等多久。How long wishes take, counting those still under way (Kaplan–Meier, days)."""
    if compare and by:
        raise click.UsageError("Either --compare or --by.")
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id
        assert campaign_id is not None
        moment = as_of or last_known(session, campaign_id, utc_now())
        if compare:
            found = compared(session, campaign_id, as_of=moment, first=compare[0], second=compare[1], measure=measure)
        else:
            found = measure_gaps(session, campaign_id, as_of=moment, measure=measure, by=by or ("county", "category"))
    edge.emit(found, as_json)


@click.command()
@click.option("--now", type=Instant(), help="Pretend that it is this moment. Without it: now.")
@click.option("--limit", type=click.IntRange(min=1), default=20_000, show_default=True, help="Most clocks to strike.")
@click.option("--deliver/--no-deliver", "send", default=False, help="Also send the notices that may leave by then.")
@_as_json
@click.pass_obj
def sweep(edge: Edge, now: datetime | None, limit: int, send: bool, as_json: bool) -> None:
    """巡检：处理到期的时限和通知。Do once by hand what the workers do: strike what is due, announce what happened."""
    moment = now or utc_now()
    swept = run_sweep(edge.database, now=moment, limit=limit)
    relayed = relay(edge.database, now=moment)
    found: dict[str, object] = {
        "now": moment.astimezone(SHANGHAI).isoformat(),
        "swept": vars(swept),
        "relayed": vars(relayed),
    }
    if send:
        found["delivered"] = vars(deliver(edge.database, outlets_of(edge.settings), clock=lambda: moment))
    edge.emit(found, as_json)


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--campaign", "slug", required=True, help="Short name of the campaign.")
@click.option(
    "--wishes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The list of wishes (wish_ref,county_code,category). [default: FILE-wishes.csv beside FILE]",
)
@click.option("--taken-at", type=Instant(), help="Until when the file speaks. [default: the campaign's events_as_of]")
@_as_json
@click.pass_obj
def events(edge: Edge, file: Path, slug: str, wishes: Path | None, taken_at: datetime | None, as_json: bool) -> None:
    """历史事件：载入以往项目的记录。Load the history of an earlier campaign (wish_ref,event,occurred_at,recorded_at,actor,value)."""
    beside = wishes or file.with_name(f"{file.stem}-wishes{file.suffix}")
    if not beside.is_file():
        raise click.UsageError(f"There is no {beside}; name the list of wishes with --wishes.")
    edge.progress(f"Reading {file} …")
    with edge.database.transaction() as session:
        campaign_id = campaign_by_slug(session, slug).id
        assert campaign_id is not None
        report = import_history(
            session, campaign_id=campaign_id, events=file, wishes=beside, now=utc_now(), taken_at=taken_at
        )
    edge.emit(report.figures(), as_json)


COMMANDS: list[click.Command] = [gaps, sweep, import_]
