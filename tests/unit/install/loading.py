"""Functions as the tests use them: loaded by their path, fed with the files in events/."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[3]


def load(function: str) -> ModuleType:
    """A new copy of the function's module, so that nothing it keeps survives a test."""
    spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event(name: str) -> dict[str, Any]:
    """`events/<name>.json`"""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return found


def admin_event(
    method: str, path: str, body: Any = None, *, role: str = "admin", **headers: str
) -> dict[str, Any]:
    """A call of the admin API, after the fixture of an install; `path` may hold a query, a str body goes raw."""
    made = event("install.install_actioniq")
    made["rawPath"], _, made["rawQueryString"] = path.partition("?")
    made["body"] = body if body is None or isinstance(body, str) else json.dumps(body)
    made["headers"] = made["headers"] | {name.replace("_", "-"): value for name, value in headers.items()}
    made["requestContext"]["http"] |= {"method": method, "path": made["rawPath"]}
    made["requestContext"]["authorizer"]["lambda"] |= {"role": role, "token_id": f"tok_{role}", "name": role}
    return made
