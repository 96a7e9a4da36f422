"""People, organisations and credentials in the console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from accounts.models import (
    AccessKey,
    ApiKey,
    AuditEvent,
    IdempotencyRecord,
    Invitation,
    Membership,
    Organisation,
    OutboxMessage,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from kling_saas.lib.admin import ModelAdmin, ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Staff rights are given here; passwords are not seen."""

    list_display = ["email", "name", "is_staff", "is_active", "date_joined"]
    search_fields = ["email", "name"]
    list_filter = ["is_staff", "is_active"]
    fields = ["email", "name", "is_active", "is_staff", "is_superuser", "date_joined", "last_login"]
    readonly_fields = ["email", "date_joined", "last_login"]

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Organisation)
class OrganisationAdmin(ModelAdmin):
    """Its share of the upstreams and its requests a minute are set here; all else is read."""

    list_display = ["name", "public_id", "dispatch_weight", "concurrency", "suspended_at"]
    search_fields = ["name", "public_id", "membership__user__email"]
    fields = [
        "name",
        "public_id",
        "dispatch_weight",
        "concurrency",
        "requests_per_minute",
        "created_at",
        "suspended_at",
        "signup_network",
    ]
    readonly_fields = ["name", "public_id", "created_at", "suspended_at", "signup_network"]

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "organisation", "role", "created_at"]
    list_select_related = ["user", "organisation"]
    search_fields = ["user__email", "organisation__name"]
    list_filter = ["role"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["email", "organisation", "role", "created_at", "mailed_at", "accepted_at"]
    list_select_related = ["organisation"]
    search_fields = ["email", "organisation__name", "public_id"]
    list_filter = ["role"]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "name", "organisation", "livemode", "last_used_at", "revoked_at"]
    list_select_related = ["organisation"]
    search_fields = ["key_id", "name", "organisation__name"]
    list_filter = ["livemode"]
    exclude = ["secret_hash"]


@admin.register(AccessKey)
class AccessKeyAdmin(ReadOnlyAdmin):
    list_display = ["access_key", "name", "organisation", "livemode", "revoked_at"]
    list_select_related = ["organisation"]
    search_fields = ["access_key", "name", "organisation__name"]
    list_filter = ["livemode"]
    exclude = ["sealed_secret", "previous_secret"]


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ["key", "organisation", "livemode", "subject", "created_at"]
    list_select_related = ["organisation"]
    search_fields = ["key", "subject"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ["topic", "subject", "public_id", "url", "created_at", "delivered_at"]
    search_fields = ["subject", "topic", "url", "public_id"]
    list_filter = ["topic"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "livemode", "url", "failing_since", "disabled_at"]
    list_select_related = ["organisation"]
    search_fields = ["public_id", "url", "organisation__name"]
    list_filter = ["livemode"]
    exclude = ["sealed_secret", "sealed_previous"]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "event", "endpoint", "attempts", "last_status", "last_error"]
    list_select_related = ["event", "endpoint"]
    search_fields = ["public_id", "event__public_id", "event__subject", "endpoint__public_id"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "organisation", "actor", "action", "subject", "address"]
    list_select_related = ["organisation", "actor"]
    search_fields = ["action", "subject"]
