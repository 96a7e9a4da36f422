"""Addresses of the wallet's pages."""

from django.urls import path

from billing import views

urlpatterns = [
    path("", views.wallet, name="wallet"),
    path("statement", views.statement, name="statement"),
    path("statement/entries", views.entries, name="entries"),
]
