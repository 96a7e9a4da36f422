"""Folders for large files on their way: where TMPDIR says, gone when their block ends.

A process that is killed leaves its folder; what nobody has written to for a while is removed.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "kling-scratch-"
_FORGOTTEN = 3600.0  # seconds without a write; a film is fetched, read and stored in far less


@contextmanager
def folder() -> Iterator[Path]:
    """A new one. Raises OSError when the disk is full."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as path:
        yield Path(path)


def remove_forgotten() -> int:
    """Remove the folders that killed processes of this machine left; how many."""
    before = time.time() - _FORGOTTEN
    found = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    forgotten = [path for path in found if _written(path) < before]
    for path in forgotten:
        shutil.rmtree(path, ignore_errors=True)  # somebody else's, or just gone
    return len(forgotten)


def _written(path: Path) -> float:
    """When it, or a file in it, was last written to; now when that cannot be seen."""
    try:
        return max(each.stat().st_mtime for each in (path, *path.iterdir()))
    except OSError:
        return time.time()
