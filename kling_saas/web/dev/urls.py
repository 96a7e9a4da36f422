"""Addresses of the pages for developers, below /dev/."""

from django.urls import path

from kling_saas.web.dev import (
    deliveries,
    keys,
    limits,
    logs,
    one_key,
    overview,
    playground,
    quickstart,
    usage,
    webhooks,
)

urlpatterns = [
    path("", overview.overview, name="dev"),
    path("quickstart", quickstart.page, name="dev-quickstart"),
    path("usage", usage.page, name="dev-usage"),
    path("limits", limits.page, name="dev-limits"),
    path("playground", playground.page, name="dev-playground"),
    path("playground/code", playground.code, name="dev-playground-code"),
    path("playground/run", playground.run, name="dev-playground-run"),
    path("playground/runs/<str:public_id>", playground.result, name="dev-playground-result"),
    path("keys", keys.keys, name="keys"),
    path("keys/<str:key_id>/revoke", keys.revoke, name="key-revoke"),
    path("keys/pairs/<str:access_key>/revoke", keys.revoke_pair, name="pair-revoke"),
    path("keys/<str:name>", one_key.one, {"kind": "key"}, name="key"),
    path("keys/<str:name>/roll", one_key.roll, {"kind": "key"}, name="key-roll"),
    path("keys/pairs/<str:name>", one_key.one, {"kind": "pair"}, name="pair"),
    path("keys/pairs/<str:name>/roll", one_key.roll, {"kind": "pair"}, name="pair-roll"),
    path("logs", logs.logs, name="dev-logs"),
    path("logs/<str:request_id>", logs.call, name="dev-call"),
    path("webhooks", webhooks.every, name="dev-webhooks"),
    path("webhooks/<str:public_id>", webhooks.one, name="dev-webhook"),
    path("webhooks/<str:public_id>/switch", webhooks.switch, name="dev-webhook-switch"),
    path("webhooks/<str:public_id>/test", webhooks.try_it, name="dev-webhook-test"),
    path("webhooks/<str:public_id>/roll", webhooks.roll, name="dev-webhook-roll"),
    path("webhooks/<str:public_id>/delete", webhooks.delete, name="dev-webhook-delete"),
    path("webhooks/<str:public_id>/resend", deliveries.resend_failed, name="dev-webhook-resend"),
    path("webhooks/<str:public_id>/deliveries/<str:delivery>", deliveries.one, name="dev-delivery"),
    path(
        "webhooks/<str:public_id>/deliveries/<str:delivery>/resend",
        deliveries.resend,
        name="dev-delivery-resend",
    ),
]
