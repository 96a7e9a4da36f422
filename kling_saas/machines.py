"""Which addresses are for programs: the native API, the dialects, links, callbacks, probes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

PREFIXES = ("/api/", "/kling/", "/segmind/", "/llmprovider/", "/v1/", "/v2/", "/media/",
            "/callbacks/", "/webhooks/", "/account/costs", "/healthz", "/readyz")  # fmt: skip


def is_for_machines(environ: Mapping[str, Any]) -> bool:
    """By path, or by a host name that is bound to a dialect."""
    if environ.get("PATH_INFO", "").startswith(PREFIXES):
        return True
    host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
    return host in settings.DIALECT_HOSTS
