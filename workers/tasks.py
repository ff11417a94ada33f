"""What Celery strikes. Each task asks the database what there is to do; the message itself says nothing."""

from __future__ import annotations

from celery import shared_task

from wishes.clock import utc_now
from wishes.intake.inbox import forget_old_originals
from wishes.intake.processing import process_queue
from wishes.printing.actions import forget_papers, print_queue
from wishes.protection.anonymising import anonymise_due
from wishes.protection.audit import seal_all
from wishes.protection.register import erase_again, write_register
from wishes.tracking import delivery, housekeeping, relay, sweep
from wishes.tracking.vetting import remind_of_checks
from workers.app import tools


@shared_task(name="tick.sweep")
def tick_sweep() -> None:
    """Repeating is safe: a step that was done has moved its clock on, in the same transaction."""
    sweep.sweep(tools().database, now=utc_now())


@shared_task(name="tick.relay")
def tick_relay() -> None:
    """Repeating is safe: an announced event is marked, and a notice's key is unique."""
    relay.relay(tools().database, now=utc_now())


@shared_task(name="tick.deliver", time_limit=150, soft_time_limit=140)
def tick_deliver() -> None:
    """Repeating is safe: a notice is taken by one run, and what was sent is on record."""
    delivery.deliver(tools().database, tools().outlets, clock=utc_now, seconds=30)


@shared_task(name="tick.housekeeping")
def tick_housekeeping() -> None:
    """Repeating is safe: what is past its keeping is deleted, and what is gone is gone."""
    housekeeping.tidy(tools().database, now=utc_now())


@shared_task(name="tick.originals")
def tick_originals() -> None:
    """Repeating is safe: what was forgotten is gone."""
    with tools().database.transaction() as session:
        forget_old_originals(session, tools().originals, now=utc_now())
    forget_papers(tools().database, tools().settings.uploads_dir, now=utc_now())


@shared_task(name="tick.print", time_limit=600, soft_time_limit=590)
def tick_print() -> None:
    """Repeating is safe: a run is drawn by whoever counted its attempt, and by no other."""
    print_queue(tools().database, tools().settings, tools().keyring, clock=utc_now)


@shared_task(name="tick.intake", time_limit=600, soft_time_limit=590)
def tick_intake() -> None:
    """Repeating is safe: a file is stored by the run that still holds its claim, and by no other."""
    process_queue(tools().database, tools().originals, tools().keyring, clock=utc_now, seconds=8)


@shared_task(name="tick.seal")
def tick_seal() -> None:
    """Repeating is safe: a row that is sealed is passed over, and one sealer at a time has the turn."""
    seal_all(tools().database, keyring=tools().keyring, now=utc_now(), folder=tools().settings.var_dir / "audit")


@shared_task(name="tick.retention", time_limit=600, soft_time_limit=590)
def tick_retention() -> None:
    """Repeating is safe: what is forgotten is gone, and the register takes each erasure once."""
    had = {"keyring": tools().keyring, "originals": tools().originals}
    erase_again(tools().database, folder=tools().settings.var_dir, now=utc_now(), **had)
    anonymise_due(tools().database, now=utc_now(), **had)
    write_register(tools().database, tools().settings.var_dir)


@shared_task(name="tick.checks")
def tick_checks() -> None:
    """Repeating is safe: a notice's key names the check that runs out."""
    remind_of_checks(tools().database, now=utc_now())
