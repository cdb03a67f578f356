"""What a cold start imports, as built: `python -m benchmarks.import_time`, beside `import boto3` alone.

Each function in a bare interpreter with its folder, its layers and the runtime's own packages, by CPU time of the
import alone; the best of several runs, all taken in turn. Each once more without the bytecode that the build ships.
Writes its rows into `.local/bench.json`.
"""

import compileall
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks._results import keep, row

BUILD = ROOT / ".aws-sam" / "build"
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
LAYERS = ("DependenciesLayer", "MappingLayer", "BridgeLayer", "ConsoleLayer")
TARGETS = {"CollectFunction": 1.6, "InstallFunction": 1.6}
"""At most so many times what `import boto3` alone takes."""
ROUNDS = 5

TIMED = """
import sys
sys.path[:0] = {folders!r}
from time import process_time
began = process_time()
import {module}
print(process_time() - began)
"""


def seconds(folders: Sequence[Path], module: str) -> float:
    """Of one import in a fresh interpreter that writes no bytecode of its own."""
    code = TIMED.format(folders=[str(folder) for folder in folders], module=module)
    argv = [sys.executable, "-I", "-S", "-B", "-c", code]
    done = subprocess.run(argv, env={}, cwd=os.sep, capture_output=True, text=True, check=True)  # noqa: S603
    return float(done.stdout)


def runtime(folder: Path) -> Path:
    """What Lambda's Python brings along itself, compiled as it is there, and nothing else."""
    for name in RUNTIME:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{name} is not installed")
        origin = Path(spec.origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (shutil.copytree if found.is_dir() else shutil.copy)(found, folder / found.name)
    compileall.compile_dir(folder, quiet=1)
    return folder


def measure(built: Path, brought: Path, functions: Sequence[str]) -> dict[str, float]:
    """The least seconds of each function, and of `boto3`."""
    layers = [built / layer / "python" for layer in LAYERS]
    cases = {"boto3": ([brought], "boto3")}
    cases |= {name: ([built / name, *layers, brought], "app") for name in functions}
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, (folders, module) in cases.items():
            found[name].append(seconds(folders, module))
    return {name: min(taken) for name, taken in found.items()}


def rows(shipped: dict[str, float], bare: dict[str, float]) -> list[dict[str, Any]]:
    """As bench.json has them."""
    made = [timed("import boto3 alone", shipped["boto3"])]
    for name, taken in shipped.items():
        if name == "boto3":
            continue
        short = name.removesuffix("Function").lower()
        times = round(taken / shipped["boto3"], 2)
        made.append(timed(f"import {short}", taken))
        if name in TARGETS:
            made.append(row(f"import {short} / import boto3", times, "x", TARGETS[name], "lower"))
        made.append(timed(f"import {short} without the shipped bytecode", bare[name]))
    return made


def timed(name: str, taken: float) -> dict[str, Any]:
    """In milliseconds."""
    return row(name, round(1000 * taken, 1), "ms", None, "lower")


def main() -> None:
    """Measure, print, keep."""
    if not (BUILD / "template.yaml").exists():
        raise SystemExit("nothing is built: make up")
    functions = sorted(folder.name for folder in BUILD.glob("*Function"))
    with TemporaryDirectory() as folder:
        brought = Path(folder, "runtime")
        brought.mkdir()
        runtime(brought)
        plain = Path(folder, "plain")
        for name in (*functions, *LAYERS):
            shutil.copytree(BUILD / name, plain / name, ignore=shutil.ignore_patterns("__pycache__"))
        made = rows(measure(BUILD, brought, functions), measure(plain, brought, functions))
    keep(made)


if __name__ == "__main__":
    main()
