"""Which processes may be killed: workers of this stack's emulator, and nobody else's."""

import os
import subprocess
import sys
from pathlib import Path

from local.chaos.workers import Worker, Workers

SCRIPT = "ministack-lambda-signal-bridge-local-IngestFunction-0A1B-x_y/_worker.py"


def process(proc: Path, pid: int, parent: int, script: Path) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "stat").write_text(f"{pid} (py (x)) S {parent} 0 0")
    (proc / str(pid) / "cmdline").write_bytes(f"python\0{script}\0".encode())


def test_only_children_of_the_emulator_that_run_from_its_folder_are_workers(tmp_path: Path) -> None:
    proc, state, other = tmp_path / "proc", tmp_path / "mine", tmp_path / "other"
    process(proc, 11, 7, state / SCRIPT)
    process(proc, 12, 8, state / SCRIPT)
    process(proc, 13, 7, other / SCRIPT)
    process(proc, 14, 7, state / "something.py")
    assert Workers(7, state, proc).running() == [Worker(11, "Ingest")]


def test_a_worker_is_killed_and_a_stranger_under_its_number_is_not(tmp_path: Path) -> None:
    script = tmp_path / SCRIPT
    script.parent.mkdir()
    script.write_text("print('up', flush=True)\ninput()")
    child = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    child.stdout.readline()
    workers = Workers(os.getpid(), tmp_path)
    assert not workers.kill(Worker(child.pid, "Collect"))
    assert workers.kill(Worker(child.pid, "Ingest"))
    assert child.wait() == -9
    assert not workers.kill(Worker(child.pid, "Ingest"))
    child.stdin.close()
    child.stdout.close()
