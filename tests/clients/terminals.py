"""The command `kling`, as it is typed: by scripts, and by a person at a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kling_saas import env

CLIENT = env.ROOT / "clients" / "python"
Kling = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def on_a_terminal(environment: dict[str, str], folder: Path, *words: str) -> Iterator[int]:
    """The command with a terminal as its stdin and stderr; what a person sees and types."""
    mine, its = pty.openpty()
    with subprocess.Popen(
        ["kling", *words], cwd=folder, env=environment, stdin=its, stderr=its,
        stdout=subprocess.DEVNULL,
    ) as command:  # fmt: skip
        os.close(its)
        try:
            yield mine
        finally:
            command.wait(120)
            os.close(mine)


def seen(terminal: int, words: str) -> str:
    """What stands there once the words do."""
    found = ""
    while words not in found:
        found += os.read(terminal, 4096).decode()
    return found
