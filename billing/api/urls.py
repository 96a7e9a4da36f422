"""Addresses below /api/v1/ that are about money."""

from django.urls import path

from billing.api import keys, tokens, views, vouchers

urlpatterns = [
    path("keys", keys.KeysView.as_view(kind="key"), name="api-keys"),
    path("keys/<slug:name>", keys.KeyView.as_view(kind="key"), name="api-key"),
    path("keys/<slug:name>/rotate", keys.RotateKeyView.as_view(kind="key"), name="api-key-rotate"),
    path("tokens", tokens.TokensView.as_view(), name="api-tokens"),
    path("tokens/<slug:name>", tokens.TokenView.as_view(), name="api-token"),
    path("access-keys", keys.KeysView.as_view(kind="pair"), name="api-pairs"),
    path("access-keys/<slug:name>", keys.KeyView.as_view(kind="pair"), name="api-pair"),
    path(
        "access-keys/<slug:name>/rotate",
        keys.RotateKeyView.as_view(kind="pair"),
        name="api-pair-rotate",
    ),
    path("wallet", views.WalletView.as_view(), name="api-wallet"),
    path("wallet/refill", views.RefillView.as_view(), name="api-wallet-refill"),
    path("ledger", views.LedgerView.as_view(), name="api-ledger"),
    path("ledger.csv", views.LedgerFileView.as_view(), name="api-ledger-csv"),
    path("usage", views.UsageView.as_view(), name="api-usage"),
    path("prices", views.PricesView.as_view(), name="api-prices"),
    path("vouchers", vouchers.VouchersView.as_view(), name="api-vouchers"),
]
