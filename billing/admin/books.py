"""Operators look at money here and change none of it: the ledger's functions do that."""

from __future__ import annotations

from django.contrib import admin

from billing.models import Hold, HoldLot, Lot, Price, PriceBook, Quote, Transfer, Wallet
from kling_saas.lib.admin import ReadOnlyAdmin, ReadOnlyInline


class HoldLotInline(ReadOnlyInline):
    model = HoldLot
    fields = ["lot", "amount"]


class HoldTransferInline(ReadOnlyInline):
    model = Transfer
    fields = ["sequence", "type", "amount", "available_after", "reserved_after", "created_at"]


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = [
        "organisation",
        "livemode",
        "available",
        "reserved",
        "pending",
        "sequence",
        "frozen_at",
    ]
    list_filter = ["livemode", ("frozen_at", admin.EmptyFieldListFilter)]
    search_fields = ["organisation__name", "organisation__public_id"]
    list_select_related = ["organisation"]


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    list_display = [
        "public_id",
        "organisation",
        "livemode",
        "source",
        "granted",
        "remaining",
        "expires_at",
        "created_at",
    ]
    list_filter = ["livemode", "source"]
    search_fields = ["public_id", "reference", "organisation__public_id", "organisation__name"]
    list_select_related = ["organisation"]
    date_hierarchy = "created_at"


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = [
        "reference",
        "organisation",
        "livemode",
        "amount",
        "captured",
        "status",
        "created_at",
        "settled_at",
    ]
    list_filter = ["status", "livemode"]
    search_fields = ["reference", "organisation__public_id", "organisation__name"]
    list_select_related = ["organisation"]
    date_hierarchy = "created_at"
    inlines = [HoldLotInline, HoldTransferInline]


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = [
        "public_id",
        "organisation",
        "livemode",
        "sequence",
        "type",
        "amount",
        "debit",
        "credit",
        "available_after",
        "reference",
        "created_at",
    ]
    list_filter = ["type", "livemode"]
    search_fields = ["public_id", "reference", "organisation__public_id", "organisation__name"]
    list_select_related = ["organisation"]
    date_hierarchy = "created_at"


class PriceInline(ReadOnlyInline):
    model = Price
    fields = ["sku", "key", "unit", "credits", "description"]


@admin.register(PriceBook)
class PriceBookAdmin(ReadOnlyAdmin):
    list_display = ["version", "name", "status", "effective_at", "created_at"]
    list_filter = ["status"]
    search_fields = ["name"]
    inlines = [PriceInline]


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    list_display = ["sku", "key", "unit", "credits", "description", "book"]
    list_filter = ["book__status", "unit"]
    search_fields = ["sku", "key", "description"]
    list_select_related = ["book"]


@admin.register(Quote)
class QuoteAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "livemode", "credits", "expires_at", "created_at"]
    list_filter = ["livemode"]
    search_fields = ["public_id", "organisation__public_id", "organisation__name"]
    list_select_related = ["organisation", "book"]
    date_hierarchy = "created_at"
