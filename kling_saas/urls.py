"""The whole map on one page."""

from django.contrib import admin
from django.urls import include, path

from kling_saas.api.errors import unknown_address
from kling_saas.web import callbacks, health, media

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("media/<path:key>", media.media),
    path("callbacks/<slug:token>", callbacks.upstream),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("generations.api.urls")),
    path("api/", unknown_address),
    path("api/<path:address>", unknown_address),
    path("", include("generations.compat.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
