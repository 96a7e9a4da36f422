"""Runs the sandbox: `python -m billing.sandbox --port 9200 --data var/payments`."""

from __future__ import annotations

import sys

from billing.sandbox import settings
from billing.sandbox.server import build
from kling_saas.lib import sandboxes

if __name__ == "__main__":
    sys.exit(
        sandboxes.main(
            "billing.sandbox",
            __doc__,
            port=9200,
            data="var/payments",
            read=settings.read,
            build=build,
        )
    )
