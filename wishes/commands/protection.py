"""``microwish keys``, ``anonymise``, ``hold`` and ``audit``: keys, forgetting, what must not be forgotten, and the record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from wishes.campaigns.queries import campaign_by_slug
from wishes.clock import local_day, utc_now
from wishes.commands.edge import OPERATOR, Edge
from wishes.intake.uploads import Originals
from wishes.protection.anonymising import anonymise as run_anonymise
from wishes.protection.anonymising import plan
from wishes.protection.audit import Report, anchor_files, anchors_in, export_lines, seal_all
from wishes.protection.audit import verify as run_verify
from wishes.protection.erasing import lift_hold, place_hold
from wishes.protection.keyring import Purpose
from wishes.protection.pack import audit_pack
from wishes.protection.register import write_register
from wishes.protection.rotation import PATIENCE
from wishes.protection.rotation import rotate as run_rotate

_as_json = click.option("--json", "as_json", is_flag=True, help="Pure JSON on standard output.")
_campaign = click.option("--campaign", "slug", required=True, help="Short name of the campaign.")


@click.group()
def keys() -> None:
    """密钥。The keys that close identities."""


@keys.command()
@click.option(
    "--purpose", type=click.Choice([p.value for p in Purpose]), default=Purpose.MASTER.value, show_default=True,
    help="master: identities; blind: look-up by name; token, code, audit: a new key, the old ones stay to check with.",
)  # fmt: skip
@click.option(
    "--batch", type=click.IntRange(1, 10_000), default=500, show_default=True, help="Rows in one transaction."
)
@click.option(
    "--patience", type=click.FloatRange(min=0), default=PATIENCE, show_default=True,
    help="Seconds to wait for transactions that may still use the old key.",
)  # fmt: skip
@_as_json
@click.pass_obj
def rotate(edge: Edge, purpose: str, batch: int, patience: float, as_json: bool) -> None:
    """更换密钥，不停机；中断后再运行即可继续。Change a key while everything runs; after an interruption run it again."""
    done = run_rotate(
        edge.database, edge.settings.keys_dir, purpose=Purpose(purpose), actor=OPERATOR, now=utc_now(), batch=batch,
        patience=patience, told=edge.progress,
    )  # fmt: skip
    edge.progress(
        "Back up the keys directory now; delete older copies of retired keys with the backups that need them."
    )
    edge.emit(vars(done), as_json)
    if purpose in (Purpose.MASTER, Purpose.BLIND) and (done.broken or not (done.retired or done.resumed)):
        sys.exit(1)


@click.command()
@_campaign
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option(
    "--now", "at_once", is_flag=True, help="Do it although the campaign is not closed or its time has not come."
)
@_as_json
@click.pass_obj
def anonymise(edge: Edge, slug: str, dry_run: bool, at_once: bool, as_json: bool) -> None:
    """匿名化：删除项目里所有儿童的身份信息，保留全部统计。Forget who a campaign's children are; keep every figure."""
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id
        assert campaign_id is not None
        found = plan(session, campaign_id, edge.keyring)
    if dry_run:
        edge.emit({"dry_run": True, **found.figures()}, as_json)
        return
    if not at_once and (found.due_on is None or local_day(utc_now()) < found.due_on):
        when = f"on {found.due_on}" if found.due_on else "some time after the campaign is closed"
        raise click.ClickException(f"Its time comes {when}. To do it now all the same: --now")
    done = run_anonymise(
        edge.database, campaign_id=campaign_id, keyring=edge.keyring, actor=OPERATOR, now=utc_now(), told=edge.progress,
        originals=Originals(edge.settings.uploads_dir, edge.keyring),
    )  # fmt: skip
    write_register(edge.database, edge.settings.var_dir)
    edge.progress(
        "Backups still hold the sealed identities and their keys: run `microwish keys rotate` to make them noise."
    )
    edge.emit(done.figures(), as_json)


@click.group()
def hold() -> None:
    """法律保全。Legal holds: what must not be erased for now."""


@hold.command()
@_campaign
@click.option(
    "--child", "child_id", type=click.IntRange(1, 10**18), help="Number of the child; without it the whole campaign."
)
@click.option("--reason", required=True)
@click.pass_obj
def place(edge: Edge, slug: str, child_id: int | None, reason: str) -> None:
    """Forbid erasing a child or a campaign; prints the hold's number."""
    with edge.database.transaction() as session:
        campaign_id = campaign_by_slug(session, slug).id
        assert campaign_id is not None
        click.echo(
            place_hold(
                session, campaign_id=campaign_id, child_id=child_id, reason=reason, actor=OPERATOR, now=utc_now()
            )
        )


@hold.command()
@click.argument("number", type=click.IntRange(1, 10**18))
@click.pass_obj
def lift(edge: Edge, number: int) -> None:
    """Lift the hold with this number."""
    with edge.database.transaction() as session:
        lifted = lift_hold(session, hold_id=number, actor=OPERATOR, now=utc_now())
    edge.progress("lifted" if lifted else "it was lifted already")


@click.group()
def audit() -> None:
    """审计记录。The record: verify, export, a year's papers."""


@audit.command()
@click.option(
    "--anchors", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
    help="Further anchors: an export, or a copy of anchors.jsonl kept elsewhere. Repeatable.",
)  # fmt: skip
@_as_json
@click.pass_obj
def verify(edge: Edge, anchors: tuple[Path, ...], as_json: bool) -> None:
    """核对审计链：指出第一条被改、被删或被插入的记录。Find the first altered, removed or inserted row; then seal what is new."""
    folder = edge.settings.var_dir / "audit"
    known = anchors_in(*anchor_files(folder), *anchors)
    with edge.database.reading() as session:
        found = run_verify(session, keyring=edge.keyring, anchors=known)
    edge.emit(_told(found, len(known)), as_json)
    if not found.whole:
        sys.exit(1)
    sealed = seal_all(edge.database, keyring=edge.keyring, now=utc_now(), folder=folder, patience=5.0)
    edge.progress(f"sealed {sealed.rows} more; the chain ends at {sealed.head.seq}")


def _told(found: Report, anchors: int) -> dict[str, Any]:
    told: dict[str, Any] = {"whole": found.whole, "rows": found.rows, "anchors": anchors, "ends_at": found.head.seq}
    if found.finding is not None:
        told["damage"], told["row"] = found.finding.damage.value, found.finding.row_id
        told["at"] = found.finding.seq
    else:
        told["not_sealed_yet"], told["first_not_sealed"] = found.unsealed, found.first_unsealed
    return told


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def export(edge: Edge, file: Path) -> None:
    """导出链与锚点到 FILE。Write the chain and its anchors to FILE, to be kept elsewhere."""
    seal_all(edge.database, keyring=edge.keyring, now=utc_now(), folder=edge.settings.var_dir / "audit", patience=5.0)
    with edge.database.reading() as session, open(file, "w", encoding="utf-8") as out:
        number = sum(1 for line in export_lines(session) if out.write(line + "\n"))
    edge.progress(f"{number} lines in {file}")


@audit.command()
@click.option("--year", type=click.IntRange(2000, 2100), required=True)
@click.option("--campaign", "slug", help="Only this campaign.")
@click.option("--into", "folder", type=click.Path(file_okay=False, path_type=Path), help="[default: audit-YEAR]")
@_as_json
@click.pass_obj
def pack(edge: Edge, year: int, slug: str | None, folder: Path | None, as_json: bool) -> None:
    """年度合规审计材料。The papers of a year's audit, in one folder."""
    now, into = utc_now(), folder or Path(f"audit-{year}")
    seal_all(edge.database, keyring=edge.keyring, now=now, folder=edge.settings.var_dir / "audit", patience=5.0)
    with edge.database.reading() as session:
        campaign_id = campaign_by_slug(session, slug).id if slug else None
        counts = audit_pack(session, year=year, folder=into, now=now, campaign_id=campaign_id)
    edge.emit({"folder": str(into), **counts}, as_json)


COMMANDS: list[click.Command] = [keys, anonymise, hold, audit]
