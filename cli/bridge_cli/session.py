"""What every command is handed, and how its failures become exit codes."""

import inspect
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cached_property, wraps
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from bridge_cli import config as files
from bridge_cli.api import Api
from bridge_cli.aws import Account, Amazon
from bridge_cli.errors import CliError, ExitCode
from bridge_cli.profile import Profile, chosen
from bridge_cli.screen import Screen
from bridge_cli.transport import Network, Transport

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else.")]


def _profile_names() -> list[str]:
    return sorted(files.load(files.config_path(os.environ)).profiles)


ProfileName = Annotated[
    str | None,
    typer.Option("--profile", help="Another profile than the current one.", autocompletion=_profile_names),
]


def port_open(host: str, port: int) -> bool:
    """Whether anything listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside the program; tests hand in another."""

    transport: Transport = field(default_factory=Network)
    account: Callable[[Profile], Account] = Amazon
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    wait: Callable[[float], None] = time.sleep
    port_open: Callable[[str, int], bool] = port_open
    interactive: bool | None = None


@dataclass
class Session:
    """One call of a command; what it does not need is neither read nor opened."""

    world: World
    screen: Screen
    wanted_profile: str | None = None

    @property
    def config_path(self) -> Path:
        """Where the profiles are kept."""
        return files.config_path(self.world.environ)

    @cached_property
    def config(self) -> files.Config:
        """The profiles; warns of a file that others can read."""
        if files.readable_by_others(self.config_path):
            self.screen.warn(f"{self.config_path} can be read by others: chmod 600 {self.config_path}")
        return files.load(self.config_path)

    @cached_property
    def profile(self) -> Profile:
        """The stack that is spoken to; raises CliError when not logged in."""
        return chosen(self.config, self.world.environ, self.wanted_profile)

    @cached_property
    def api(self) -> Api:
        """The stack's API."""
        return self.api_of(self.profile)

    @cached_property
    def account(self) -> Account:
        """The AWS account the stack is in."""
        return self.world.account(self.profile)

    def api_of(self, one: Profile) -> Api:
        """The API of a profile that need not be kept yet."""
        return Api(self.world.transport, one.api_url, one.token, self.world.wait)

    def save(self, changed: files.Config) -> None:
        """Keep the profiles."""
        files.save(self.config_path, changed)


def commands(app: typer.Typer, acts: Mapping[str, Callable[..., None]]) -> None:
    """Add commands: `--json` and `--profile` are every one's, and what they raise ends in an exit code.

    Each takes a Session, then its arguments and options; a dataclass among them stands for its fields.
    """
    for name, act in acts.items():
        app.command(name)(_entry(act))


def _entry(act: Callable[..., None]) -> Callable[..., None]:
    _, *own = inspect.signature(act, eval_str=True).parameters.values()
    bundles: dict[str, Any] = {one.name: one.annotation for one in own if is_dataclass(one.annotation)}
    keyword = inspect.Parameter.KEYWORD_ONLY
    every = [
        inspect.Parameter("ctx", keyword, annotation=typer.Context),
        inspect.Parameter("as_json", keyword, default=False, annotation=AsJson),
        inspect.Parameter("profile", keyword, default=None, annotation=ProfileName),
    ]

    @wraps(act)
    def entry(*, ctx: typer.Context, as_json: bool, profile: str | None, **given: Any) -> None:
        session = Session(_world(ctx), Screen(as_json=as_json, interactive=_world(ctx).interactive), profile)
        try:
            act(session, **_bundled(given, bundles))
        except CliError as error:
            session.screen.fail(error)
            raise typer.Exit(error.exit_code) from None
        except (KeyboardInterrupt, typer.Abort):
            raise typer.Exit(ExitCode.INTERRUPTED) from None

    parameters = [*chain.from_iterable(map(_options, own)), *every]
    described: Any = entry  # a signature of its own is how typer learns of the options
    described.__signature__ = inspect.Signature(parameters)
    described.__annotations__ = {one.name: one.annotation for one in parameters}
    return entry


def _options(one: inspect.Parameter) -> list[inspect.Parameter]:
    """A parameter, or the options that a dataclass of them stands for."""
    if not is_dataclass(one.annotation):
        return [one.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    hints = get_type_hints(one.annotation, include_extras=True)
    return [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name]
        )
        for each in fields(one.annotation)
    ]


def _bundled(given: dict[str, Any], bundles: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, with the options of each dataclass put together again."""
    made = dict(given)
    for name, kind in bundles.items():
        made[name] = kind(**{each.name: made.pop(each.name) for each in fields(kind)})
    return made


def _world(ctx: typer.Context) -> World:
    if not isinstance(ctx.obj, World):
        ctx.obj = World()
    return ctx.obj
