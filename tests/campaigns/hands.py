"""What Schemathesis does with each request before it is sent, when `contract` plays it.

Read by `st` through SCHEMATHESIS_HOOKS, with what it must know in CONTRACT, as JSON.
"""

from __future__ import annotations

import itertools
import json
import os
from typing import Any

import schemathesis

_TOLD = json.loads(os.environ["CONTRACT"])
_CREDENTIALS = itertools.cycle(_TOLD["credentials"])
_KEEP = set(_TOLD["keep"])  # ids of what the trial itself needs


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Each request comes with the next credential, and none ends those of the trial."""
    header, secret = next(_CREDENTIALS)
    if secret:
        case.headers[header] = secret
    if case.method != "GET":
        for name, value in dict(case.path_parameters or {}).items():
            if str(value) in _KEEP:
                case.path_parameters[name] = "another"
