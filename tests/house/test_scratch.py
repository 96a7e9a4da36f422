"""Temporary folders: a killed process's is removed, one in use is not."""

from __future__ import annotations

import os
import time
from pathlib import Path

from generations import sweeps
from kling_saas.lib import scratch

_HOURS_AGO = time.time() - 2 * 3600


def left(folder: Path) -> None:
    """As if a process had begun a film there two hours ago and been killed."""
    film = folder / "film.mp4"
    film.write_bytes(b"half")
    for each in (film, folder):
        os.utime(each, (_HOURS_AGO, _HOURS_AGO))


def test_what_a_killed_worker_left_on_the_disk_is_removed() -> None:
    with scratch.folder() as folder:
        left(folder)
        sweeps.run()
        assert not folder.exists()


def test_a_folder_in_use_is_left_alone_however_long_ago_it_was_made() -> None:
    with scratch.folder() as folder:
        (folder / "film.mp4").write_bytes(b"half")
        os.utime(folder, (_HOURS_AGO, _HOURS_AGO))
        scratch.remove_forgotten()
        assert folder.exists()
    assert not folder.exists()
