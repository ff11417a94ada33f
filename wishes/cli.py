"""The command's composition root: ``microwish`` and everything below it."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import click

from wishes.errors import MicrowishError
from wishes.installation import Installation

COMMANDS = {
    "init": "setup", "serve": "setup", "doctor": "setup", "lifecycle": "setup", "demo": "demo", "users": "people",
    "campaign": "campaign", "import": "tracking", "verify": "importing", "publish": "importing", "match": "matching",
    "claim": "claiming", "labels": "labels", "gaps": "tracking", "sweep": "tracking",
    "keys": "protection", "anonymise": "protection", "hold": "protection", "audit": "protection",
}  # fmt: skip
"""Command → module of :mod:`wishes.commands`. Only the module of the command that was typed is imported."""


class Workbench(Installation):
    """What a command works with."""

    def progress(self, text: str) -> None:
        """Say how it goes, on standard error: standard output is for the result."""
        click.echo(text, err=True)

    def emit(self, result: Any, as_json: bool) -> None:
        """The command's result: pure JSON, or the same as lines a person reads."""
        if as_json:
            click.echo(json.dumps(result, ensure_ascii=False, default=str))
        else:
            _lines(result)


def _lines(value: Any, indent: str = "") -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                click.echo(f"{indent}{key}:")
                _lines(inner, indent + "  ")
            else:
                click.echo(f"{indent}{key}: {inner}")
    elif isinstance(value, list):
        for inner in value:
            _lines(inner, indent + "- " if not isinstance(inner, dict | list) else indent)
            if isinstance(inner, dict):
                click.echo("")
    else:
        click.echo(f"{indent}{value}")


class Commands(click.Group):
    """The commands, each loaded when it is asked for: the engine's libraries take a second that ``users`` need not wait."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return super().get_command(context, name)
        found: list[click.Command] = importlib.import_module(f"wishes.commands.{COMMANDS[name]}").COMMANDS
        return next(command for command in found if command.name == name)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="microwish")
@click.pass_context
def cli(context: click.Context) -> None:
    """Run micro-wish (微心愿) campaigns: intake, matching, claims, hand-over, gaps.

    Settings come from the environment: MICROWISH_DATABASE_URL, MICROWISH_REDIS_URL, MICROWISH_VAR_DIR.
    """
    context.obj = context.obj or Workbench()


def main() -> None:
    """Run; an error of our family becomes one sentence and exit code 1."""
    try:
        cli(standalone_mode=True)
    except MicrowishError as error:
        click.echo(f"{error.say('zh')}\n{error.say('en')}", err=True)
        sys.exit(1)
