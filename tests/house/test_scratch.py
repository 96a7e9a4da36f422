"""Temporary folders: a killed process's is removed, one in use is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from generations import sweeps
from kling_saas.lib import scratch

_HOLDS_ONE = """
import signal
from kling_saas.lib import scratch
with scratch.folder() as folder:
    (folder / "film.mp4").write_bytes(b"half")
    print(folder, flush=True)
    signal.pause()
"""


def aged(folder: Path) -> None:
    """As if it had been made two hours ago."""
    then = time.time() - 2 * 3600
    os.utime(folder, (then, then))


def test_what_a_killed_process_left_on_the_disk_is_removed_and_what_is_in_use_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLDS_ONE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        aged(folder)
        sweeps.run()
        in_use = (folder / "film.mp4").exists()
        process.kill()
    sweeps.run()
    assert (in_use, folder.exists()) == (True, False)


def test_a_folder_that_was_just_made_may_not_be_locked_yet() -> None:
    with scratch.folder() as folder:
        other = folder.with_name(f"{folder.name}-new")
        other.mkdir()
        scratch.remove_forgotten()
        young = other.exists()
        aged(other)
        scratch.remove_forgotten()
    assert (young, other.exists(), folder.exists()) == (True, False, False)
