"""Which addresses are for programs: the native API, the dialects, links, callbacks, probes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

DIALECTS: tuple[str, ...] = (
    "/kling/", "/segmind/", "/llmprovider/", "/openai/", "/v1/", "/v2/", "/account/costs"
)  # fmt: skip
PREFIXES = (*DIALECTS, "/api/", "/media/", "/callbacks/", "/webhooks/", "/healthz", "/readyz")


def is_for_machines(environ: Mapping[str, Any]) -> bool:
    """By path, or by a host name that is bound to a dialect."""
    return environ.get("PATH_INFO", "").startswith(PREFIXES) or is_of_a_dialect(environ)


def is_of_a_dialect(environ: Mapping[str, Any]) -> bool:
    """Whether a dialect answers, and errs in its own shape."""
    if environ.get("PATH_INFO", "").startswith(DIALECTS):
        return True
    host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
    return host in settings.DIALECT_HOSTS
