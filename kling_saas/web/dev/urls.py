"""Addresses of the pages for developers, below /dev/."""

from django.urls import path

from kling_saas.web.dev import keys, logs

urlpatterns = [
    path("", logs.front, name="dev"),
    path("keys", keys.keys, name="keys"),
    path("keys/<str:key_id>/revoke", keys.revoke, name="key-revoke"),
    path("keys/pairs/<str:access_key>/revoke", keys.revoke_pair, name="pair-revoke"),
    path("logs", logs.logs, name="dev-logs"),
    path("logs/<str:request_id>", logs.call, name="dev-call"),
]
