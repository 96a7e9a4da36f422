"""Below /openai/, and at the root for clients that are given a host alone."""

from django.urls import path, re_path

from generations.compat.describing import DOCUMENT
from generations.compat.openai import openapi, views

ALL, ONE = r"^v1/videos/*$", r"^v1/videos/+(?P<public_id>{})"
NOT_MADE = r"^v1/videos/+(?:characters|edits|extensions)(?:/|$)"  # what OpenAI had besides
OURS = r"(?:gen|video)_[^/]+"
VIDEO = rf"^v1/videos/+{OURS}"
BELOW = ((r"/*$", views.video), (r"/+content/*$", views.content), (r"/+remix/*$", views.remix))
urlpatterns = [
    re_path(ALL, views.videos),
    re_path(NOT_MADE, views.unknown),
    *(re_path(ONE.format("[^/]+") + rest, view) for rest, view in BELOW),
    path(DOCUMENT, openapi.view),
    re_path(r"", views.unknown),
]
