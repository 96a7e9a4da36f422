"""JSON bodies read strictly: no NaN, no surprise types, one clear sentence when broken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from rest_framework.parsers import BaseParser

from kling_saas.api.errors import BodyTooLarge, UnsupportedMediaType
from kling_saas.lib.refusals import InvalidBody


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises InvalidBody, saying what it was instead."""
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidBody("The body is nested too deeply.") from None
    except ValueError as error:
        raise InvalidBody(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidBody("The body must be a JSON object.")
    return value


def body_of(request: HttpRequest) -> bytes:
    """The whole body. Raises BodyTooLarge above DATA_UPLOAD_MAX_MEMORY_SIZE."""
    try:
        return request.body
    except RequestDataTooBig:
        raise BodyTooLarge("The body is too large: send images as addresses or uploads.") from None


def object_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object a request carries. Raises UnsupportedMediaType, BodyTooLarge, InvalidBody."""
    raw = body_of(request)
    if raw and request.content_type != "application/json":
        raise UnsupportedMediaType("Send JSON, with `Content-Type: application/json`.")
    return read_object(raw)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


class StrictJSONParser(BaseParser):
    """DRF's way in to `read_object`."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The parsed body."""
        return read_object(stream.read())
