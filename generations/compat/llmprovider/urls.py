"""Below /llmprovider/."""

from django.urls import path, re_path

from generations.compat.describing import DOCUMENT
from generations.compat.llmprovider import openapi, views

urlpatterns = [
    re_path(r"^v1/videos/text2video/*$", views.create),
    re_path(r"^v1/videos/text2video/+(?P<label>[^/].*?)/*$", views.task),
    path(DOCUMENT, openapi.view),
    re_path(r"", views.unknown),
]
