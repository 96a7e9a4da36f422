"""The programs that pages of the documentation show, run as they stand there."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kling_saas import env
from tests import commands

_SHOWN = re.compile(r'<pre[^>]*id="sample-(\d+)-(\w+)" data-run="(\w*)">(.*?)</pre>', re.DOTALL)
_CLIENT = env.ROOT / "clients" / "python" / "src"
COMMANDS = {
    "bash": ("bash", "-euo", "pipefail", "-c"),
    "python": (sys.executable, "-c"),
    "javascript": (commands.NODE, "--input-type=module", "-e"),
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """One program: its place on the page, its language, and what it needs to be run."""

    number: int
    language: str
    run: str
    code: str

    @property
    def name(self) -> str:
        """How a failure calls it."""
        return f"{self.number}-{self.language}: {self.code[:60]}"


def of(page: str) -> list[Snippet]:
    """All of a page, given as HTML, in their order."""
    return [
        Snippet(int(number), language, run, html.unescape(re.sub(r"<[^>]+>", "", code)))
        for number, language, run, code in _SHOWN.findall(page)
    ]


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a reader's terminal in that folder.

    Here curl ends with an error at every refusal, without another word in the command.
    """
    modules = folder / "node_modules"
    modules.mkdir(exist_ok=True)
    if not (modules / "kling-saas").exists():
        (modules / "kling-saas").symlink_to(env.ROOT / "clients" / "js")
    (folder / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
    return {
        "PATH": commands.PATH,
        "HOME": str(folder),
        "CURL_HOME": str(folder),
        "PYTHONPATH": str(_CLIENT),
    }


def begun(snippet: Snippet, folder: Path, **more: str) -> subprocess.Popen[str]:
    """The program as it runs."""
    return subprocess.Popen(
        [*COMMANDS[snippet.language], snippet.code],
        cwd=folder,
        env={**surroundings(folder), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(snippet: Snippet, folder: Path) -> tuple[int, str]:
    """How it ended, and everything that it said."""
    process = begun(snippet, folder)
    said, complained = process.communicate(timeout=120)
    return process.returncode, said + complained
