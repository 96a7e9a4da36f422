"""The whole map on one page."""

from django.contrib import admin
from django.urls import include, path

from kling_saas.web import callbacks, health, media

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("media/<path:key>", media.media),
    path("callbacks/<slug:token>", callbacks.upstream),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
