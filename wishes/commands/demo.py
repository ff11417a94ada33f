"""``microwish demo``: the whole campaign on this machine."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.commands.setup import prepare
from wishes.demo import job
from wishes.demo.people import demo_sign_ins
from wishes.demo.reckoning import reckon, wait_for_worker
from wishes.demo.warehouse import LOOKING, fill_warehouse
from wishes.processes import in_background, supervise

SLUG = "hangzhou-2021"


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--exit", "and_stop", is_flag=True, help="Do the whole main job, print the counts of every stage as JSON, and stop."
)
@click.pass_obj
def demo(edge: Edge, port: int, and_stop: bool) -> None:
    """Load a campaign of real size, match it, and serve it, with one sign-in for every role."""
    started = time.monotonic()

    def say(text: str) -> None:
        edge.progress(f"[{time.monotonic() - started:5.1f} s] {text}")

    say(f"preparing {edge.settings.var_dir}")
    prepare(edge)
    story = job.Story(edge.database, edge.keyring, edge.settings.demo_dir, utc_now(), say)
    known = job.is_loaded(edge.database, SLUG)
    if known is None:
        job.load(story)
        job.take_in(story, processes=min(2, os.cpu_count() or 1))
    story.campaign_id = known or story.campaign_id
    if and_stop:
        edge.emit(_whole(edge, story), True)
        return
    if known is None:
        _seven_weeks(story)
    with edge.database.transaction() as session:
        sign_ins = demo_sign_ins(session, campaign_id=story.campaign_id, now=utc_now())
    if known is None:
        fill_warehouse(story, looking=[one.account_id for one in sign_ins if one.login in LOOKING])
    edge.database.dispose()
    base = f"http://127.0.0.1:{port}"
    say(f"starting web, worker and beat; the address is {base}")
    click.echo(f"\n    {base}\n")
    for sign_in in sign_ins:
        click.echo(f"    {sign_in.role:<24} {sign_in.login:<24} {sign_in.password}")
    click.echo("\n    Ctrl-C stops everything; the next start takes up where this one left.\n")
    supervise(edge.settings, host="127.0.0.1", port=port)


def _seven_weeks(story: job.Story) -> None:
    """A campaign under way: the first wishes have been carried, the others were published and proposed just now."""
    job.publish(story, first=1500)
    job.match_all(story)
    job.answer(story)
    job.carry(story, share=0.95)
    job.deliver(story, share=0.8)
    job.publish(story, day=49)
    job.match_all(story, day=50)


def _whole(edge: Edge, story: job.Story) -> dict[str, Any]:
    """The rest of the main job: people act, Celery takes back what was forgotten, everything is counted and reconciled."""
    job.publish(story)
    job.match_all(story)
    job.answer(story)
    job.browse(story, most=600)
    job.carry(story)
    job.deliver(story)
    edge.database.dispose()
    with in_background(edge.settings):
        story.say("the worker takes back what was forgotten")
        wait_for_worker(story)
    return reckon(story)


COMMANDS: list[click.Command] = [demo]
