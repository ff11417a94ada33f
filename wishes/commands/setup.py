"""``microwish init``, ``serve`` and ``doctor``: set up, run, and say what is wrong."""

from __future__ import annotations

import sys

import click

from wishes import migrations
from wishes.checks import check_all
from wishes.clock import utc_now
from wishes.commands.edge import Edge
from wishes.i18n import LANGUAGES, Language
from wishes.intake.uploads import Originals
from wishes.lifecycle import mermaid
from wishes.processes import supervise
from wishes.protection.installation import note_settings
from wishes.protection.keyring import create_keyring
from wishes.protection.register import erase_again

_as_json = click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")


def prepare(edge: Edge) -> None:
    """Bring database and keys into being or up to date, and erase again what a restored backup brought back."""
    edge.settings.uploads_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrations.upgrade(edge.database)
    keyring = create_keyring(edge.settings.keys_dir)
    again = erase_again(
        edge.database, keyring=keyring, originals=Originals(edge.settings.uploads_dir, keyring), folder=edge.settings.var_dir,
        now=utc_now(),
    )  # fmt: skip
    with edge.database.transaction() as session:
        note_settings(session, edge.settings, now=utc_now())
    if any(again.values()):
        edge.progress(
            f"A restored backup: erased again {again['children']} children and {again['campaigns']} campaigns"
        )


@click.command()
@click.pass_obj
def init(edge: Edge) -> None:
    """Create or update the database, and the keys on first use."""
    edge.progress(f"Preparing {edge.database.engine.url.render_as_string(hide_password=True)} …")
    prepare(edge)
    revision, _ = migrations.current_and_head(edge.database)
    edge.progress(f"Database at revision {revision}; keys in {edge.settings.keys_dir}")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--web-workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.pass_obj
def serve(edge: Edge, port: int, host: str, web_workers: int) -> None:
    """Run web, Celery worker and beat (and the embedded broker), kept alive until interrupted."""
    prepare(edge)

    edge.progress(f"Serving on http://{host}:{port} — stop with Ctrl-C")
    edge.database.dispose()
    supervise(edge.settings, host=host, port=port, web_workers=web_workers)


@click.command()
@_as_json
@click.pass_obj
def doctor(edge: Edge, as_json: bool) -> None:
    """Check database, broker, worker, migrations, secrets, disk and fonts; say how to mend what is wrong."""
    findings = check_all(edge.settings, edge.database)
    if as_json:
        edge.emit([finding.as_json() for finding in findings], True)
    else:
        for finding in findings:
            click.echo(f"{'✓' if finding.good else '✗'} {finding.name}: {finding.says}")
            if not finding.good:
                click.echo(f"    → {finding.mend}")
    if not all(finding.good for finding in findings):
        sys.exit(1)


@click.command()
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
def lifecycle(language: Language) -> None:
    """Print the life of a wish as a Mermaid diagram."""
    click.echo(mermaid(language))


COMMANDS: list[click.Command] = [init, serve, doctor, lifecycle]
