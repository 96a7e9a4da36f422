"""A real Chromium: on the path, else from Debian when we may, else Playwright's own download."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache

_SHELL = "chromium-headless-shell"  # without the windows that nobody looks at: half the time
_NAMES = (_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # otherwise one more is kept ready for the next window
    # The address bar's suggestions are pages too: half of what opening a window costs, unseen.
    # The list replaces Playwright's own, so what matters here of that one is in it.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,HttpsUpgrades,MediaRouter,"
    "OptimizationHints,PaintHolding,DestroyProfileOnBrowserClose",
]


@cache
def executable() -> str:
    """The path of a browser, which it says on the terminal. Raises when none can be had."""
    found = _on_path() or _from_debian() or _from_playwright()
    print(f"browser: {found}", file=sys.stderr)
    return found


def _on_path() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _from_debian() -> str | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
    subprocess.run(["apt-get", "install", "-y", "-qq", _SHELL], check=False, **quiet)
    return _on_path()


def _from_playwright() -> str:
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
