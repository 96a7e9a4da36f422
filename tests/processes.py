"""What runs below a process, read from /proc."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = (
    ("uvicorn", "web"),
    ("generations.sandbox", "sandbox"),
    ("billing.sandbox", "payments"),
    ("manage.py watch", "watcher"),
    ("manage.py work", "worker"),
    ("manage.py cluster", "cluster"),
    ("qcluster", "cluster"),  # the queue's workers rename themselves
    ("bin/postgres -D", "postgres"),
)


def below(root: int) -> dict[int, str]:
    """Every descendant with its kind, "" when it is none of ours by name."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    return {pid: kind(pid) for pid in parents if _descends(pid, root, parents)}


def of_kind(root: int, wanted: str) -> set[int]:
    """The descendants of one kind."""
    return {pid for pid, its in below(root).items() if its == wanted}


@contextmanager
def stopped(root: int, *kinds: str) -> Iterator[None]:
    """The descendants of these kinds hold still (SIGSTOP) until the block ends."""
    still = {pid for kind_ in kinds for pid in of_kind(root, kind_)}
    for pid in still:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in still:
            os.kill(pid, signal.SIGCONT)


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kind(pid: int) -> str:
    """web, sandbox, payments, watcher, worker, cluster, postgres or ""."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
    return next((name for mark, name in KINDS if mark in command), "")


def _descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) > 1:
        if pid == root:
            return True
    return False
