"""Generations and upstream accounts in the console."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from generations.models import (
    Attempt,
    Generation,
    GenerationEvent,
    Heartbeat,
    ProviderAccount,
    RefusedModel,
    Upload,
    Video,
)
from kling_saas.lib.admin import ModelAdmin, ModelForm, ReadOnlyAdmin, ReadOnlyInline


class EventInline(ReadOnlyInline):
    """What happened, in order."""

    model = GenerationEvent
    fields = ["sequence", "status", "at", "detail"]
    ordering = ["sequence"]


class AttemptInline(ReadOnlyInline):
    """What was tried where."""

    model = Attempt
    fields = ["number", "account", "outcome", "reason", "message", "upstream_id", "started_at"]
    ordering = ["number"]


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "model", "status", "credits", "charged", "door",
                    "account", "created_at", "finished_at"]  # fmt: skip
    list_select_related = ["organisation", "account"]
    list_filter = ["status", "livemode", "door", "model", "account"]
    search_fields = ["public_id", "external_id", "upstream_id", "reference", "organisation__name"]
    date_hierarchy = "created_at"
    exclude = ["callback_token", "media_url"]
    inlines = [AttemptInline, EventInline]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "account", "outcome", "reason", "upstream_id", "started_at"]
    list_select_related = ["account"]
    list_filter = ["outcome", "reason", "account"]
    search_fields = ["external_id", "upstream_id", "message"]


@admin.register(GenerationEvent)
class GenerationEventAdmin(ReadOnlyAdmin):
    list_display = ["generation", "sequence", "status", "at"]
    list_select_related = ["generation"]
    search_fields = ["generation__public_id"]


@admin.register(Video)
class VideoAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "generation", "width", "height", "duration_ms", "bytes",
                    "has_sound", "created_at"]  # fmt: skip
    list_select_related = ["generation"]
    search_fields = ["public_id", "generation__public_id", "sha256"]


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "content_type", "width", "height", "bytes"]
    list_select_related = ["organisation"]
    search_fields = ["public_id", "sha256"]


@admin.register(RefusedModel)
class RefusedModelAdmin(ModelAdmin):
    """Delete a row to offer the model through the account again."""

    list_display = ["account", "model", "reason", "created_at"]
    list_select_related = ["account"]
    search_fields = ["model", "reason"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at", "detail"]
    search_fields = ["name"]


class ProviderAccountForm(ModelForm):
    """The credential is written here and never shown again."""

    credential = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="An API key, or access_key|secret_key. Leave empty to keep the present one.",
    )

    base_url = forms.URLField(assume_scheme="https")

    class Meta:
        model = ProviderAccount
        fields = ["name", "protocol", "base_url", "credential", "enabled", "is_sandbox",
                  "serves_live", "serves_test", "priority", "concurrency", "max_seconds",
                  "paused_until"]  # fmt: skip

    def save(self, commit: bool = True) -> ProviderAccount:
        """Seal the credential with the name it is bound to."""
        if text := self.cleaned_data.get("credential"):
            self.instance.set_credential(text)
        saved: ProviderAccount = super().save(commit)
        return saved


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ModelAdmin):
    form = ProviderAccountForm
    list_display = ["name", "protocol", "enabled", "is_sandbox", "priority", "concurrency",
                    "paused_until", "last_error"]  # fmt: skip
    search_fields = ["name", "base_url"]
    readonly_fields = ["last_error", "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The name seals the credential, so it stays."""
        fixed = [str(f) for f in self.readonly_fields]
        return [*fixed, "name"] if obj else fixed
