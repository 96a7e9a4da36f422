"""Addresses under /app/settings."""

from django.urls import path

from kling_saas.web.account import data, looks, notifications, profile, security

urlpatterns = [
    path("profile", profile.profile, name="profile"),
    path("notifications", notifications.notifications, name="notifications"),
    path("appearance", looks.appearance, name="appearance"),
    path("shortcuts", looks.shortcuts, name="shortcuts"),
    path("data", data.data, name="data"),
    path("data/export", data.export, name="data-export"),
    path("data/delete", data.delete, name="account-delete"),
    path("data/delete/call-off", data.call_off, name="account-stays"),
    path("security", security.security, name="security"),
    path("security/sessions/others/end", security.end_others, name="sessions-end"),
    path("security/sessions/<int:session_id>/end", security.end, name="session-end"),
]
