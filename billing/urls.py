"""Addresses of the wallet's pages."""

from django.urls import path

from billing.views import (
    buy,
    limits,
    months,
    plan,
    purchases,
    referral,
    refunds,
    statement,
    top_up,
    usage,
    wallet,
)

urlpatterns = [
    path("", wallet.wallet, name="wallet"),
    path("low", wallet.low, name="low-balance"),
    path("buy", buy.buy, name="buy"),
    path("voucher", buy.voucher, name="voucher"),
    path("checkout", purchases.checkout, name="checkout"),
    path("plan", plan.plan, name="plan"),
    path("plan/cancel", plan.cancel, name="plan-cancel"),
    path("portal", plan.portal, name="portal"),
    path("top-up", top_up.top_up, name="top-up"),
    path("invoices", purchases.invoices, name="invoices"),
    path("purchases/<str:public_id>", purchases.purchase, name="purchase"),
    path("purchases/<str:public_id>/refund", refunds.refund, name="refund"),
    path("purchases/<str:public_id>/state", purchases.purchase_state, name="purchase-state"),
    path("statement", statement.statement, name="statement"),
    path("statement/entries", statement.entries, name="entries"),
    path("referral", referral.referral, name="referral"),
    path("limits", limits.limits, name="limits"),
    path("limits/<int:cap_id>/remove", limits.remove, name="cap-remove"),
    path("limits/<int:cap_id>/ask", limits.ask, name="cap-ask"),
    path("approvals/<str:public_id>", limits.decide, name="approval"),
    path("notices/<int:notice_id>/dismiss", limits.dismiss, name="notice-dismiss"),
    path("statement.csv", statement.as_csv, name="statement-csv"),
    path("statement.json", statement.as_json, name="statement-json"),
    path("statements", months.statements, name="statements"),
    path("statements/<str:month>.pdf", months.statement, name="statement-pdf"),
    path("usage", usage.usage, name="usage"),
    path("usage.csv", usage.as_csv, name="usage-csv"),
]
