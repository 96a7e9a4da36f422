"""What an upstream that knows no watermark says of an order with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from generations.catalogue.params import Params
from generations.catalogue.violations import Findings, Violation


def beyond(params: Params, can_serve: Callable[[Params], bool]) -> Violation | None:
    """The watermark, where that is all that it cannot make."""
    if not params.watermark or not can_serve(replace(params, watermark=False)):
        return None
    findings = Findings(lenient=False)
    findings.refuse(
        "watermark",
        "unsupported",
        "cannot be made by any service that makes this at the moment",
        limit="services that make watermarks",
        way_out="leave it out, or try later",
    )
    return findings.violations[0]
