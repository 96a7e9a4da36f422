"""Bodies sent in chunks, without a length: WSGI and Django take them for empty.

Programs that stream what they send are such, Go's and Node's for example.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

_IN_MEMORY = 256 * 1024  # bytes; of more, a file is made
_PIECE = 64 * 1024
_ENDLESS = str(2**50)  # more than any door takes


def measure(environ: dict[str, Any], most: int) -> None:
    """Give such a request its CONTENT_LENGTH; one of over `most` bytes a length that all refuse."""
    chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    if not chunked or environ.get("CONTENT_LENGTH"):
        return
    kept = cast("IO[bytes]", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - the request's
    size = 0
    while piece := environ["wsgi.input"].read(_PIECE):
        size += len(piece)
        if size > most:
            environ["CONTENT_LENGTH"] = _ENDLESS
            return
        kept.write(piece)
    kept.seek(0)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = kept, str(size)
