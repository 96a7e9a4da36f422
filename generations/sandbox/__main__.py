"""Runs the sandbox: `python -m generations.sandbox --port 9100 --data var/sandbox`."""

from __future__ import annotations

import sys

from generations.sandbox import settings
from generations.sandbox.server import build
from kling_saas.lib import sandboxes

if __name__ == "__main__":
    sys.exit(
        sandboxes.main(
            "generations.sandbox",
            __doc__,
            port=9100,
            data="var/sandbox",
            read=settings.read,
            build=build,
        )
    )
