"""What can be said of a file of members: the options of `bridge audience push` and `plan`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bridge_cli.errors import usage
from bridge_cli.export import Export, rules
from bridge_cli.lookup import for_audiences
from bridge_cli.members import IDENTIFIERS, Layout, identifier_of
from bridge_cli.session import Session


@dataclass(frozen=True, slots=True)
class Members:
    """Each field is an option."""

    audience: Annotated[str, typer.Option(help="ActionIQ's id of the audience.")] = ""
    split: Annotated[str, typer.Option(help="Its split.")] = ""
    integration: Annotated[str, typer.Option(help="The Braze installation, where there are several.")] = ""
    id_column: Annotated[
        str, typer.Option(help="The column that identifies a member, if called otherwise.")
    ] = ""
    identifier: Annotated[
        str, typer.Option(help="external_id or braze_id; by default what the file has.")
    ] = ""
    delta: Annotated[
        bool, typer.Option("--delta", help="The file holds changes; column op: add or remove.")
    ] = False
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="COLUMN=TYPE", help="number, date, …")
    ] = None
    names: Annotated[
        list[str] | None, typer.Option("--rename", metavar="COLUMN=NAME", help="Name at Braze.")
    ] = None
    on_leave: Annotated[str, typer.Option(help="What leavers get: false or null.")] = "false"
    existing_only: Annotated[bool, typer.Option("--existing-only", help="Create no profiles.")] = False
    time_zone: Annotated[str, typer.Option(help="Of times in the file that name none.")] = "UTC"
    delimiter: Annotated[str, typer.Option(help="Of a CSV file.")] = ","
    part_rows: Annotated[int, typer.Option(min=1, help="Rows of an uploaded part.")] = 250_000

    def layout(self) -> Layout:
        """How the file is read; raises CliError."""
        if self.identifier not in {"", *IDENTIFIERS}:
            raise usage(f"--identifier is one of {', '.join(IDENTIFIERS)}.")
        if len(self.delimiter) != 1:
            raise usage("--delimiter is one character.")
        return Layout(self.identifier, self.id_column, self.delimiter, self.delta, self.part_rows)

    def export(self, session: Session, file: Path) -> Export:
        """Where it goes and what its manifest says; raises CliError before anything is uploaded."""
        if not self.audience or not self.split:
            raise usage("A file of members needs --audience and --split.")
        if self.on_leave not in {"false", "null"}:
            raise usage("--on-leave is false or null.")
        identifier = identifier_of(file, self.layout())
        chosen = for_audiences(list(session.api.pages("/integrations")), self.integration)
        return Export(
            integration_id=chosen["id"],
            audience=self.audience,
            split=self.split,
            at=session.world.clock(),
            identifier=identifier,
            mode="delta" if self.delta else "full",
            on_leave=self.on_leave,
            existing_only=self.existing_only,
            time_zone=self.time_zone,
            attributes=rules(self.types or (), self.names or ()),
        )
