"""Uploading an audience: the parts side by side as they are made, the manifest last."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore

from bridge_cli.aws import Account
from bridge_cli.export import Export, run_id
from bridge_cli.members import Layout, Part, parts

SIDE_BY_SIDE = 4
"""Parts under way at a time, which is also what lies on disk at most."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Told of the bytes of the file that were read, and of those that were uploaded."""

    read: Callable[[int], None]
    sent: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Uploader:
    """Puts an export into `bucket`."""

    account: Account
    bucket: str

    def parts(self, path: Path, layout: Layout, export: Export, moved: Moved) -> list[Part]:
        """Upload the file in parts; raises CliError, and then no manifest names what was uploaded."""
        room = Semaphore(SIDE_BY_SIDE)
        with (
            tempfile.TemporaryDirectory(prefix="bridge-") as folder,
            ThreadPoolExecutor(SIDE_BY_SIDE) as pool,
        ):
            made: list[Future[Part]] = []
            for begun in self._begun(
                pool, room, parts(path, layout, Path(folder), moved.read), export, moved
            ):
                made.append(begun)
                for ended in (one for one in made if one.done()):
                    ended.result()  # one that failed ends all
            return [one.result() for one in made]

    def start(self, export: Export, made: list[Part], *, dry_run: bool) -> str:
        """Put the manifest; the id of the run that it starts."""
        etag = self.account.put(self.bucket, export.manifest_key, export.manifest(made, dry_run=dry_run))
        return run_id(export.manifest_key, etag)

    def _begun(
        self,
        pool: ThreadPoolExecutor,
        room: Semaphore,
        files: Iterator[Part],
        export: Export,
        moved: Moved,
    ) -> Iterator[Future[Part]]:
        while True:
            room.acquire()
            part = next(files, None)
            if part is None:
                return
            yield pool.submit(self._upload, room, part, export, moved)

    def _upload(self, room: Semaphore, part: Part, export: Export, moved: Moved) -> Part:
        try:
            self.account.upload(self.bucket, export.prefix + part.name, part.path, moved.sent)
            return part
        finally:
            if part.made:
                part.path.unlink(missing_ok=True)
            room.release()
