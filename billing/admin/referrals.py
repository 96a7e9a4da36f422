"""Operators see who came by whose invitation."""

from __future__ import annotations

from django.contrib import admin

from billing.models import Referral
from kling_saas.lib.admin import ReadOnlyAdmin


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    list_display = [
        "public_id",
        "inviter",
        "organisation",
        "state",
        "credits",
        "created_at",
        "due_at",
        "settled_at",
    ]
    list_filter = ["state"]
    search_fields = [
        "public_id", "organisation__public_id", "organisation__name", "inviter__public_id",
        "inviter__name", "purchase__public_id",
    ]  # fmt: skip
    list_select_related = ["organisation", "inviter"]
    date_hierarchy = "created_at"
