"""Background processes: started once, found again, ended by their own id only."""

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.processes import Processes, Service, StackError, birth, listening
from local.settings import LOOPBACK

SERVER = """
import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen()
while True: s.accept()[0].close()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path / "processes", tmp_path / "logs")
    yield found
    for name in found.names():
        found.stop(name)


@pytest.fixture
def service(port: int) -> Service:
    return Service("braze", [sys.executable, "-c", SERVER, str(port)], port, "1", dict(os.environ))


def test_what_runs_in_the_same_version_is_left_alone(processes: Processes, service: Service) -> None:
    assert processes.ensure(service)
    pid = processes.pid("braze")
    assert not processes.ensure(service)
    assert processes.pid("braze") == pid


def test_a_new_version_is_started_anew(processes: Processes, service: Service) -> None:
    processes.ensure(service)
    pid = processes.pid("braze")
    assert processes.ensure(replace(service, version="2"))
    assert processes.pid("braze") != pid
    assert birth(pid) is None


def test_stopping_frees_the_port(processes: Processes, service: Service) -> None:
    processes.ensure(service)
    assert processes.stop("braze")
    assert not listening(service.port)
    assert not processes.stop("braze")


def test_a_taken_port_is_one_line_that_names_the_variable(processes: Processes, service: Service) -> None:
    with socket.create_server((LOOPBACK, service.port)), pytest.raises(StackError) as raised:
        processes.start(service)
    assert "\n" not in str(raised.value)
    assert "BRAZE_PORT" in str(raised.value)


def test_a_process_that_ends_at_once_is_told_with_its_log(processes: Processes, service: Service) -> None:
    broken = replace(service, argv=[sys.executable, "-c", "raise SystemExit('no')"])
    processes.start(broken)
    with pytest.raises(StackError, match=r"braze\.log"):
        processes.wait(broken)


def test_a_reused_id_is_not_taken_for_ours(processes: Processes, service: Service) -> None:
    processes.ensure(service)
    file = processes.state / "braze.json"
    ours = file.read_text()
    file.write_text(ours.replace(f'"pid": {processes.pid("braze")}', f'"pid": {os.getpid()}'))
    assert processes.pid("braze") is None
    assert not processes.stop("braze")
    file.write_text(ours)
