"""Runs the sandbox: `python -m billing.sandbox --port 9200 --data var/payments`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import uvicorn

from billing.sandbox import settings
from billing.sandbox.server import build


def main() -> int:
    """Serve until told to stop; exit status 2 for a setting that makes no sense."""
    parser = argparse.ArgumentParser(prog="billing.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9200)
    parser.add_argument("--data", type=Path, default=Path("var/payments"))
    asked = parser.parse_args()
    try:
        found = settings.read(os.environ, data=asked.data, host=asked.host, port=asked.port)
    except settings.BadSetting as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 2
    uvicorn.run(
        build(found),
        host=asked.host,
        port=asked.port,
        http="h11",
        log_level=os.environ.get("SANDBOX_LOG", "warning"),
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
