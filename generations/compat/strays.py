"""What fails before any door is reached, told as the dialect that was meant would tell it."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from generations.compat.kling import errors as kling
from generations.compat.llmprovider import errors as llmprovider
from generations.compat.openai import errors as openai
from generations.compat.openai import urls as openai_urls
from generations.compat.segmind import errors as segmind
from kling_saas.lib.refusals import Refusal

_REFUSE = {
    "kling": kling.refuse,
    "segmind": segmind.refuse,
    "llmprovider": llmprovider.refuse,
    "openai": openai.refuse,
}
# What is OpenAI's at the root; below the same path Kling has its own.
_OPENAIS = re.compile("|".join((openai_urls.ALL, openai_urls.NOT_MADE, openai_urls.VIDEO)))


def refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal in the shape of the dialect of host, prefix or, at the root, credential."""
    return _REFUSE[_meant(request)](refusal)


def _meant(request: HttpRequest) -> str:
    host = request.META.get("HTTP_HOST", "").partition(":")[0].lower()
    words = [word for word in request.path_info.split("/") if word]
    named = settings.DIALECT_HOSTS.get(host) or (words[0] if words else "")
    if named in _REFUSE:
        return named
    if "x-api-key" in request.headers or named == "v2":
        return "segmind"
    return "openai" if _OPENAIS.match("/".join(words)) else "kling"
