"""Below /llmprovider/."""

from django.urls import re_path

from generations.compat.llmprovider import views

urlpatterns = [
    re_path(r"^v1/videos/text2video/*$", views.create),
    re_path(r"^v1/videos/text2video/+(?P<label>[^/].*?)/*$", views.task),
    re_path(r"", views.unknown),
]
