"""`bridge`: the commands put together."""

from typing import Annotated

import typer

from bridge_cli import VERSION
from bridge_cli.commands import access, audience, doctor, events, integrations, keys, letters, replays, runs


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"bridge {VERSION}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Install, watch and repair a Signal Bridge; begin with bridge login."""


def make_app() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(name="bridge", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_root)
    for group in (access, integrations, events, audience, runs, letters, replays, keys, doctor):
        group.add_to(app)
    return app


def main() -> None:
    """The entry point."""
    make_app()()
