"""`make up`: leaves the stack running and described in .local/stack.json; does nothing when it already is."""

import fcntl
import importlib.util
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from local import deploy, event_sources, http_api, permissions
from local.build import build, fingerprint, sources
from local.emulator import Aws, emulator_service
from local.processes import Processes, Service, StackError
from local.settings import ROOT, LocalSettings, aws_environment


def processes(settings: LocalSettings) -> Processes:
    """Return the processes of this checkout's stack."""
    return Processes(settings.state / "processes", settings.logs)


def up(settings: LocalSettings) -> dict[str, object]:
    """Bring everything up and return what .local/stack.json says."""
    settings.state.mkdir(exist_ok=True)
    (settings.state / "emulator").mkdir(exist_ok=True)
    with _alone(settings):
        return _Bringer(settings).bring()


class _Bringer:
    """One bring-up: what it finds running and unchanged it leaves alone."""

    def __init__(self, settings: LocalSettings) -> None:
        self._settings = settings
        self._processes = processes(settings)
        self._aws = Aws(settings)

    def bring(self) -> dict[str, object]:
        emulator = emulator_service(self._settings)
        fresh = self._processes.start(emulator)
        if fresh:
            self._settings.stack_file.unlink(missing_ok=True)
            self._stop_standins()
        standins = [service for service in standin_services(self._settings) if self._processes.start(service)]
        known = self._known()
        stack = known if known["version"] == self._version() else self._deployed(known, emulator)
        for service in standins:
            self._processes.wait(service)
        self._processes.ensure(front_service(self._settings, str(stack["api_id"]), str(stack["fallback"])))
        stack = self._with_write_key(stack)
        self._settings.stack_file.write_text(json.dumps(stack, indent=2) + "\n")
        return stack

    def _version(self) -> str:
        return fingerprint(sources(), repr(sorted(deploy.parameters(self._settings).items())))

    def _known(self) -> dict[str, object]:
        try:
            found: dict[str, object] = json.loads(self._settings.stack_file.read_text())
        except (OSError, ValueError):
            return {"version": "", "write_key": ""}
        return found

    def _stop_standins(self) -> None:
        """A fresh stack starts with fresh vendors."""
        for name in self._settings.standin_ports:
            self._processes.stop(name)

    def _deployed(self, known: dict[str, object], emulator: Service) -> dict[str, object]:
        version = self._version()
        _say("building")
        with ThreadPoolExecutor() as pool:
            started = pool.submit(self._processes.wait, emulator)
            build(self._settings)
            started.result()
        _say("deploying")
        deploy.deploy(self._settings, self._aws)
        permissions.grant_batches(self._aws)
        event_sources.number(self._aws)
        api_id, fallback = http_api.publish(self._aws)
        return {
            "api_url": self._settings.api_url,
            "admin_token": deploy.admin_token(self._aws),
            "write_key": known["write_key"],
            **{f"{name}_url": self._settings.standin_url(name) for name in self._settings.standin_ports},
            "emulator_url": self._settings.emulator_url,
            "outputs": deploy.outputs(self._aws),
            "api_id": api_id,
            "fallback": fallback,
            "version": version,
        }

    def _with_write_key(self, stack: dict[str, object]) -> dict[str, object]:
        if stack["write_key"]:
            return stack
        return stack | {"write_key": create_write_key(self._settings.api_url, str(stack["admin_token"]))}


def create_write_key(api_url: str, token: str) -> str:
    """Make a server source through the API and return its write key; empty when the API refuses."""
    body = json.dumps({"name": "local", "kind": "server"}).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    request = urllib.request.Request(f"{api_url}/v1/admin/sources", body, headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
            return str(json.load(answer)["write_key"])
    except (urllib.error.URLError, ValueError, KeyError) as error:
        _say(f"no write key: POST /v1/admin/sources: {error}")
        return ""


def standin_services(settings: LocalSettings) -> Iterator[Service]:
    """Describe the stand-ins."""
    env = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    for name, port in settings.standin_ports.items():
        module = f"local.standins.{name}"
        if importlib.util.find_spec(f"{module}.__main__") is None:
            _say(f"no {module}: left out")
            continue
        version = fingerprint(sorted((ROOT / "local" / "standins").rglob("*.py")), str(port))
        yield Service(name, [sys.executable, "-m", module, "--port", str(port)], port, version, env)


def front_service(settings: LocalSettings, api_id: str, fallback: str) -> Service:
    """Describe the server that listens where the documentation's curl expects it."""
    argv = [sys.executable, "-m", "local.front", "--api-id", api_id, "--fallback", fallback]
    own = [ROOT / "local" / f"{name}.py" for name in ("front", "fallback", "settings")]
    version = fingerprint(own, *argv, str(settings.api_port))
    ports = {"API_PORT": str(settings.api_port), "EMULATOR_PORT": str(settings.emulator_port)}
    return Service("front", argv, settings.api_port, version, aws_environment(settings) | ports)


@contextmanager
def _alone(settings: LocalSettings) -> Iterator[None]:
    """Two bring-ups at a time would deploy over each other."""
    with Path(settings.state / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(f"up: {text}", flush=True)


def main() -> int:
    """Return the exit code."""
    began = time.monotonic()
    settings = LocalSettings.load()
    try:
        up(settings)
    except StackError as error:
        print(f"up: {error}", file=sys.stderr)
        return 1
    _say(f"{settings.api_url} is ready after {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
