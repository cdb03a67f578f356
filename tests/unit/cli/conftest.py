"""`bridge(…)` runs a command in this process, against an API and an account in memory."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner, Result

from bridge_cli.config import Config, save
from bridge_cli.main import make_app
from bridge_cli.profile import Profile
from bridge_cli.session import World
from tests.unit.cli.fake_account import BUCKET, FakeAccount
from tests.unit.cli.fake_api import TOKENS, URL, FakeApi

APP = make_app()


@dataclass
class Clock:
    """Time passes only by waiting."""

    at: datetime = datetime(2026, 11, 22, 9, tzinfo=UTC)
    waited: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += timedelta(seconds=seconds)
        self.meanwhile()


@dataclass
class Bridge:
    """Everything outside the program; calling it runs a command."""

    folder: Path
    api: FakeApi = field(default_factory=FakeApi)
    clock: Clock = field(default_factory=Clock)
    environ: dict[str, str] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    profiles: list[Profile] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = FakeAccount(self.api)
        self.api.now = lambda: self.clock.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.config = self.folder / "config.json"
        self.environ["BRIDGE_CONFIG"] = str(self.config)
        self.log_in("admin")

    def log_in(self, role: str, **more: str) -> None:
        """As somebody of this role, with a write key and the bucket."""
        kept = {"api_url": URL, "token": TOKENS[role], "write_key": "dk_live_known", "bucket": BUCKET}
        save(self.config, Config("test", {"test": kept | more}))

    def __call__(self, *args: str, typed: str | None = None, piped: str | None = None) -> Result:
        """`typed` is what a person at a terminal answers; without it nobody is there."""
        world = World(
            transport=self.api,
            account=self._opened,
            environ=self.environ,
            clock=self.clock.now,
            wait=self.clock.wait,
            port_open=lambda _, port: port not in self.closed,
            interactive=typed is not None,
        )
        done = CliRunner().invoke(APP, list(args), obj=world, input=typed if typed is not None else piped)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def json(self, *args: str, **more: Any) -> Any:
        """What a command that succeeds says with `--json`."""
        done = self(*args, "--json", **more)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def install(self, key: str = "braze", **changes: Any) -> dict[str, Any]:
        """An installation that is there already."""
        config = {"braze": {"rest_api_key": "k", "rest_endpoint": "https://rest.fra-01.braze.eu"}}.get(
            key, {"api_key": "k", "account_id": "a", "destination_id": "d"}
        )
        body = {"name": changes.pop("name", key.title()), "variant": "default", "config": config}
        made = self.api.install(key=key, body=body)
        made |= changes
        return made

    def _opened(self, profile: Profile) -> FakeAccount:
        self.profiles.append(profile)
        return self.account


@pytest.fixture(scope="session", autouse=True)
def _built_once() -> Iterator[None]:
    """typer puts its commands together at every call, which takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    return Bridge(tmp_path)
