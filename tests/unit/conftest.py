"""What holds for every unit test."""

import gc
import os
import shutil
import tempfile
from pathlib import Path

# A sixth of the time would go into looking for garbage among what the imports made.
gc.set_threshold(50_000, 20, 100)

# Thousands of small files: on a busy disk they are most of the time, in memory they are none of it.
MEMORY, ENOUGH = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 - what goes there has names of its own
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH:
    tempfile.tempdir = str(MEMORY)
