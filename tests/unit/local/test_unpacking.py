"""Archives that are unpacked once."""

import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.unpacking import Archives, Unpacked


@pytest.fixture(autouse=True)
def _scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def archive(folder: Path, name: str, **files: str) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as made:
        for file, text in files.items():
            made.writestr(f"python/{file}.py", text)
        made.writestr("app.py", "top")
    return path


def unpacked(path: Path, target: Path) -> dict[str, str]:
    with Unpacked(path) as kept:
        kept.extractall(target)
    return {
        str(one.relative_to(target)): one.read_text() for one in target.glob("**/*.py", recurse_symlinks=True)
    }


def test_it_looks_as_if_it_had_been_unpacked_each_time_and_is_once(tmp_path: Path) -> None:
    path = archive(tmp_path, "a.zip", one="1", two="2")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: unpacked(path, tmp_path / f"to-{number}"), range(8)))
    assert found == [{"python/one.py": "1", "python/two.py": "2", "app.py": "top"}] * 8
    assert len(list(tmp_path.glob("unpack*-*"))) == 1


def test_another_content_is_another_archive_whatever_its_name(tmp_path: Path) -> None:
    first = unpacked(archive(tmp_path, "a.zip", one="1"), tmp_path / "first")
    again = unpacked(archive(tmp_path, "a.zip", one="2"), tmp_path / "again")
    assert (first["python/one.py"], again["python/one.py"]) == ("1", "2")


def test_what_takes_a_target_away_leaves_what_is_kept(tmp_path: Path) -> None:
    path = archive(tmp_path, "a.zip", one="1")
    unpacked(path, tmp_path / "first")
    for entry in (tmp_path / "first").iterdir():
        entry.unlink()
    assert unpacked(path, tmp_path / "again")["python/one.py"] == "1"


def test_everything_else_of_the_module_is_as_it_was() -> None:
    archives = Archives()
    assert archives.ZipFile is Unpacked
    assert archives.BadZipFile is zipfile.BadZipFile
