"""Each built function alone: its folder, its layers and the runtime, in a bare interpreter."""

import json
from pathlib import Path

import pytest

from local.invoke import FUNCTIONS
from tests.artifact.conftest import LAYERS, OWN_LAYERS, Python

UNZIPPED_LIMIT = 250 * 1024 * 1024
IMPORTED = "import app, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_it_can_be_imported_with_an_empty_environment(python: Python, function: str) -> None:
    done = python(function, "import app; assert callable(app.lambda_handler)")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_importing_it_builds_no_client(python: Python, function: str) -> None:
    refuse = (
        "import boto3\n"
        "def refused(*args, **kwargs): raise AssertionError('a client at import')\n"
        "boto3.client = boto3.resource = boto3.Session = refused\n"
        "import app\n"
    )
    done = python(function, refuse)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS.values()) - {"AudiencePlanFunction"}))
def test_duckdb_stays_with_the_planner(python: Python, build: Path, function: str) -> None:
    done = python(function, IMPORTED)
    assert done.returncode == 0, done.stderr
    assert "duckdb" not in json.loads(done.stdout)
    assert not (build / function / "duckdb").exists()


@pytest.mark.parametrize("function", FUNCTIONS.values())
def test_it_fits_into_lambda(build: Path, function: str) -> None:
    layers = (*LAYERS, *OWN_LAYERS.get(function, ()))
    assert size(build / function) + sum(size(build / layer) for layer in layers) < UNZIPPED_LIMIT


def test_the_planner_finds_its_duckdb(python: Python) -> None:
    done = python("AudiencePlanFunction", "import duckdb; print(duckdb.__version__)")
    assert done.returncode == 0, done.stderr


def test_the_authorizer_finds_what_checks_a_jwt(python: Python) -> None:
    done = python("AuthorizerFunction", "from bridge.clients import identity; import cryptography.hazmat")
    assert done.returncode == 0, done.stderr


def test_what_checks_a_jwt_stays_with_the_authorizer_and_out_of_its_cold_start(python: Python) -> None:
    assert python("InstallFunction", "import jwt").returncode == 1
    done = python("AuthorizerFunction", IMPORTED)
    assert done.returncode == 0, done.stderr
    assert not {"jwt", "cryptography"} & set(json.loads(done.stdout))


@pytest.mark.parametrize("folder", [*FUNCTIONS.values(), *LAYERS])
def test_every_module_comes_compiled_and_unchecked(build: Path, folder: str) -> None:
    compiled = list((build / folder).rglob("*.pyc"))
    assert compiled
    # Bit 0 of the flags: hash-based; bit 1 clear: never compared with the source, whose date a zip does not keep.
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {1}


def test_a_layer_holds_its_package_where_python_looks(build: Path) -> None:
    assert (build / "MappingLayer" / "python" / "mapping" / "__init__.py").exists()
    assert (build / "BridgeLayer" / "python" / "bridge" / "errors.py").exists()
    assert (build / "DependenciesLayer" / "python" / "pydantic" / "__init__.py").exists()


def test_no_layer_brings_the_runtimes_own_sdk(build: Path) -> None:
    packages = {path.name for path in (build / "DependenciesLayer" / "python").iterdir()}
    assert not {"boto3", "botocore"} & packages
