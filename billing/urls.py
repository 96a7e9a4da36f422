"""Addresses of the wallet's pages."""

from django.urls import path

from billing.views import limits, statement, wallet

urlpatterns = [
    path("", wallet.wallet, name="wallet"),
    path("statement", statement.statement, name="statement"),
    path("statement/entries", statement.entries, name="entries"),
    path("limits", limits.limits, name="limits"),
    path("limits/<int:cap_id>/remove", limits.remove, name="cap-remove"),
    path("limits/<int:cap_id>/ask", limits.ask, name="cap-ask"),
    path("approvals/<str:public_id>", limits.decide, name="approval"),
    path("notices/<int:notice_id>/dismiss", limits.dismiss, name="notice-dismiss"),
]
