"""Archives that are unpacked once: wherever one is wanted again, links lead to what it holds.

The emulator unpacks a function and its layers for every new worker, half a second of its processor each time.
"""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any


class Unpacked(zipfile.ZipFile):
    """What it holds is kept beside the other temporary files, under a name that follows from its contents."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Link every entry of the top into `path`."""
        if members is not None or pwd is not None:
            super().extractall(path, members, pwd)
            return
        target = Path(path or Path.cwd())
        target.mkdir(parents=True, exist_ok=True)
        for entry in self._kept().iterdir():
            (target / entry.name).symlink_to(entry)

    def _kept(self) -> Path:
        names = repr([(one.filename, one.CRC, one.file_size) for one in self.infolist()])
        kept = Path(tempfile.gettempdir()) / f"unpacked-{hashlib.sha256(names.encode()).hexdigest()[:24]}"
        if not kept.exists():
            fresh = Path(tempfile.mkdtemp(prefix="unpacking-"))
            super().extractall(fresh)
            try:
                fresh.rename(kept)
            except OSError:  # another thread was first
                if not kept.exists():
                    raise
                shutil.rmtree(fresh)
        return kept


class Archives:
    """The module `zipfile`, but for its archives."""

    ZipFile = Unpacked

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it was."""
        return getattr(zipfile, name)
