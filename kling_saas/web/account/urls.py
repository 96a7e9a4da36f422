"""Addresses under /app/settings."""

from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import RedirectView

from kling_saas.web.account import security

urlpatterns = [
    path("", login_required(RedirectView.as_view(pattern_name="security")), name="settings"),
    path("/security", security.security, name="security"),
    path("/security/sessions/others/end", security.end_others, name="sessions-end"),
    path("/security/sessions/<int:session_id>/end", security.end, name="session-end"),
]
