"""Folders for large files on their way: where TMPDIR says, gone when their block ends.

Whoever uses one holds a lock on it, which ends with the process: what a killed one left can be
told from what is in use, and is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "kling-scratch-"
_YOUNG = 60.0  # seconds: it may not be locked yet


@contextmanager
def folder() -> Iterator[Path]:
    """A new one. Raises OSError when the disk is full."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as path, _locked(Path(path)):
        yield Path(path)


def remove_forgotten() -> int:
    """Remove the folders that killed processes of this machine left; how many."""
    before = time.time() - _YOUNG
    return sum(map(_removed, _made_before(before)))


def _made_before(moment: float) -> Iterator[Path]:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # gone, or somebody else's
            if path.lstat().st_mtime < moment:
                yield path


def _removed(path: Path) -> bool:
    """Whether nobody used it, and it is gone."""
    try:
        with _locked(path):
            shutil.rmtree(path)
    except OSError:  # in use, somebody else's, or just gone
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Raises OSError when somebody has it locked."""
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)
