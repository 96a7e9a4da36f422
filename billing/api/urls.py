"""Addresses below /api/v1/ that are about money."""

from django.urls import path

from billing.api import views, vouchers

urlpatterns = [
    path("wallet", views.WalletView.as_view(), name="api-wallet"),
    path("ledger", views.LedgerView.as_view(), name="api-ledger"),
    path("ledger.csv", views.LedgerFileView.as_view(), name="api-ledger-csv"),
    path("usage", views.UsageView.as_view(), name="api-usage"),
    path("prices", views.PricesView.as_view(), name="api-prices"),
    path("vouchers", vouchers.VouchersView.as_view(), name="api-vouchers"),
]
