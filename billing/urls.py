"""Addresses of the wallet's pages."""

from django.urls import path

from billing.views import statement, wallet

urlpatterns = [
    path("", wallet.wallet, name="wallet"),
    path("statement", statement.statement, name="statement"),
    path("statement/entries", statement.entries, name="entries"),
]
