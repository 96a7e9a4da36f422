"""Below /kling/. Clients put `//` before ids and `/` after them; both are borne."""

from django.urls import path, re_path

from generations.compat.kling import views

PRODUCT = r"v1/videos/(?P<kind>text2video|image2video)"
urlpatterns = [
    re_path(rf"^{PRODUCT}/*$", views.products),
    re_path(rf"^{PRODUCT}/+(?P<label>[^/].*?)/*$", views.task),
    path("account/costs", views.costs),
    re_path(r"", views.unknown),
]
