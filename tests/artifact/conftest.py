"""What `sam build` made: the folders of .aws-sam/build, and the runtime they will find on Lambda."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.build import BUILD

RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""What Lambda's Python runtime brings along itself."""
LAYERS = ("DependenciesLayer", "MappingLayer", "BridgeLayer")
OWN_LAYERS = {"ConsoleFunction": ("ConsoleLayer",)}
"""What a function has beside those of all."""

Python = Callable[[str, str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def build() -> Path:
    if not (BUILD / "template.yaml").exists():
        pytest.fail("nothing is built: make up")
    return BUILD


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        origin = Path(importlib.util.find_spec(name).origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (folder / found.name).symlink_to(found)
    return folder


@pytest.fixture
def python(build: Path, runtime: Path) -> Python:
    """Runs code with a function's folder, the layers and the runtime on the path: no site, no environment."""

    def run(function: str, code: str) -> subprocess.CompletedProcess[str]:
        layers = (*LAYERS, *OWN_LAYERS.get(function, ()))
        folders = [build / function, *(build / layer / "python" for layer in layers), runtime]
        path = f"import sys; sys.path[:0] = {[str(folder) for folder in folders]!r}\n"
        argv = [sys.executable, "-I", "-S", "-B", "-W", "error::ImportWarning", "-c", path + code]
        return subprocess.run(argv, env={}, cwd=os.sep, capture_output=True, text=True, check=False)

    return run
