"""Generations and upstream accounts in the console."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from accounts import tenancy
from generations import attempts, standing
from generations.forms.accounts import ProviderAccountForm
from generations.models import (
    Alarm,
    AlarmKind,
    Attempt,
    Audio,
    Breaker,
    Generation,
    GenerationEvent,
    Heartbeat,
    MeterReading,
    PresetCorrection,
    ProductCorrection,
    ProviderAccount,
    Reconciliation,
    RefusedModel,
    Status,
    SuspenseAttempt,
    Upload,
    Video,
)
from generations.providers import alarms, breakers, health
from kling_saas.lib.admin import ModelAdmin, ReadOnlyAdmin, ReadOnlyInline

_CAUSE = 80  # characters of a cause in a list


class Operated(ModelAdmin):
    """Rows that are acted upon by those who may change them, and never typed over."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whoever may change such rows by Django's permissions."""
        name = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{name}"))


class EventInline(ReadOnlyInline):
    """What happened, in order."""

    model = GenerationEvent
    fields = ["sequence", "status", "at", "detail"]
    ordering = ["sequence"]


class _Trail:
    """What both views of an attempt show beside its columns."""

    @admin.display(description="asked")
    def asked(self, attempt: Attempt) -> str:
        """The masked request."""
        return _shown(attempt.request)

    @admin.display(description="answered")
    def answered(self, attempt: Attempt) -> str:
        """The masked answer: the raw cause."""
        return _shown(attempt.response)

    @admin.display(description="upstream cost", ordering="upstream_cost")
    def cost(self, attempt: Attempt) -> str:
        """What the upstream took."""
        return "" if attempt.upstream_cost is None else _dollars(attempt.upstream_cost)

    @admin.display(description="margin")
    def margin(self, attempt: Attempt) -> str:
        """What is left of the film's list price."""
        left = attempts.margin(attempt)
        return "" if left is None else _dollars(left)

    @admin.display(description="sent before")
    def before(self, attempt: Attempt) -> str:
        """What was said when it went out under the same id before."""
        return _shown(attempt.earlier) if attempt.earlier else ""


def _dollars(amount: Decimal) -> str:
    """To a hundredth of a cent, as costs are kept: what stands side by side compares."""
    return f"{'-' if amount < 0 else ''}${abs(amount):.4f}"


def _shown(kept: Any) -> str:
    return format_html("<pre>{}</pre>", json.dumps(kept, indent=1, ensure_ascii=False))


class AttemptInline(_Trail, ReadOnlyInline):
    """What was tried where, what it cost, and what was said."""

    model = Attempt
    fields = ["number", "account", "outcome", "reason", "message", "upstream_id", "cost",
              "margin", "started_at", "sends", "before", "asked", "answered"]  # fmt: skip
    readonly_fields = ["cost", "margin", "before", "asked", "answered"]
    ordering = ["number"]


class _Standing(admin.SimpleListFilter):
    """Where they stand as customers are told: those with nobody are queued."""

    title, parameter_name = "standing", "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The public words."""
        return [(word, word.capitalize()) for word in dict.fromkeys(s.public for s in Status)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Of what is shown."""
        word = self.value()
        return queryset.filter(standing.told_as(word)) if word else queryset


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "model", "status", "credits", "charged", "door",
                    "account", "created_at", "finished_at"]  # fmt: skip
    list_select_related = ["organisation", "account"]
    list_filter = [_Standing, "status", "livemode", "door", "model", "account"]
    search_fields = ["public_id", "external_id", "upstream_id", "reference", "organisation__name"]
    date_hierarchy = "created_at"
    exclude = ["callback_token", "media_url"]
    inlines = [AttemptInline, EventInline]


@admin.register(Attempt)
class AttemptAdmin(_Trail, ReadOnlyAdmin):
    list_display = ["external_id", "account", "outcome", "why", "retry", "upstream_id", "cost",
                    "margin", "started_at"]  # fmt: skip
    list_select_related = ["account", "generation"]
    list_filter = ["outcome", "reason", "retry", "account"]
    search_fields = ["external_id", "upstream_id", "message"]
    exclude = ["request", "response", "earlier"]
    readonly_fields = ["margin", "before", "asked", "answered"]

    @admin.display(description="reason", ordering="reason")
    def why(self, attempt: Attempt) -> str:
        """Of a refusal its class; of what was not sent the beginning of the cause."""
        return attempt.reason or Truncator(attempt.message).chars(_CAUSE)


class _OnlyThese(admin.SimpleListFilter):
    """One choice besides all."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """That choice."""
        return [("yes", "Yes")]


class _Unsettled(_OnlyThese):
    """Those that rang and that no operator has resolved."""

    title = parameter_name = "unsettled"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Of what is shown."""
        shown = queryset.filter(pk__in=attempts.unsettled().values("pk"))
        return shown if self.value() else queryset


class _Resting(_OnlyThese):
    """Those that nothing is sent to for now, though an operator has not paused them."""

    title = parameter_name = "resting"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Of what is shown."""
        return health.resting(queryset) if self.value() else queryset


@admin.register(SuspenseAttempt)
class SuspenseAdmin(AttemptAdmin):
    """Tries that an upstream may bill and that brought no film."""

    list_display = ["external_id", "account", "outcome", "message", "upstream_id",
                    "cost", "started_at"]  # fmt: skip
    list_filter = [_Unsettled, "outcome", "account"]
    date_hierarchy = "started_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        """Only those."""
        found: QuerySet[Attempt] = super().get_queryset(request)
        return found.filter(pk__in=attempts.in_suspense().values("pk"))


@admin.register(Alarm)
class AlarmAdmin(Operated, ReadOnlyAdmin):
    """What rings until it is resolved."""

    list_display = ["kind", "subject", "message", "count", "first_at", "last_at", "resolved_at"]
    list_filter = ["kind", ("resolved_at", admin.EmptyFieldListFilter)]
    search_fields = ["subject", "message"]
    readonly_fields = ["what_to_do"]
    actions = ["resolve"]

    @admin.display(description="what to do")
    def what_to_do(self, alarm: Alarm) -> str:
        """The way out, as the operators' page says it."""
        return alarms.WAY_OUT[AlarmKind(alarm.kind)]

    @admin.action(description="Resolve", permissions=["operate"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Alarm]) -> None:
        """It rings anew when it happens again."""
        queryset.filter(resolved_at=None).update(resolved_at=Now())


@admin.register(Breaker)
class BreakerAdmin(Operated, ReadOnlyAdmin):
    """How each model does at each account."""

    list_display = ["account", "model", "state", "reason", "failures", "successes", "openings",
                    "next_probe_at"]  # fmt: skip
    list_select_related = ["account"]
    list_filter = ["state", "account"]
    ordering = ["account__name", "model"]
    search_fields = ["model", "reason"]
    actions = ["close"]

    @admin.action(description="Close: send again", permissions=["operate"])
    def close(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        """Without waiting for a probe."""
        for row in queryset:
            breakers.close(row)


@admin.register(GenerationEvent)
class GenerationEventAdmin(ReadOnlyAdmin):
    list_display = ["generation", "sequence", "status", "at"]
    list_select_related = ["generation"]
    search_fields = ["generation__public_id"]


@admin.register(Video)
class VideoAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "generation", "width", "height", "duration_ms", "bytes",
                    "has_sound", "created_at", "kept_until", "trashed_at",
                    "removed_at"]  # fmt: skip
    list_select_related = ["generation"]
    search_fields = ["public_id", "generation__public_id", "sha256"]


@admin.register(Audio)
class AudioAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "content_type", "duration_ms", "bytes",
                    "kept_until", "trashed_at", "removed_at"]  # fmt: skip
    search_fields = ["public_id", "generation__public_id"]


class Corrections(ModelAdmin):
    """What operators know better than the release."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """With the moment of the change."""
        obj.changed_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(ProductCorrection)
class ProductCorrectionAdmin(Corrections):
    """In force within OPERATOR_CHANGES_SECONDS; prices are corrected in the price book."""

    list_display = ["product", "enabled", "note", "changed_at"]
    list_filter = ["enabled"]
    fields = ["product", "enabled", "limits", "words", "note"]


@admin.register(PresetCorrection)
class PresetCorrectionAdmin(Corrections):
    """Voices and elements of Kling's own that the release lists wrongly or does not know."""

    list_display = ["sort", "preset", "name", "enabled", "note", "changed_at"]
    list_filter = ["sort", "enabled"]
    search_fields = ["preset", "name"]
    fields = ["sort", "preset", "name", "languages", "enabled", "note"]


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "organisation", "content_type", "width", "height", "bytes"]
    list_select_related = ["organisation"]
    search_fields = ["public_id", "sha256"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """What each look at books, files and bills found and did."""

    list_display = ["started_at", "finished_at", "by_hand", "account", "summary", "left"]
    list_filter = ["by_hand", ("finished_at", admin.EmptyFieldListFilter)]
    date_hierarchy = "started_at"
    fields = ["started_at", "finished_at", "by_hand", "account", "summary", "left", "found"]
    readonly_fields = ["summary", "found"]

    @admin.display(description="found")
    def summary(self, row: Reconciliation) -> str:
        """How many of each kind."""
        counted = (f"{kind}: {counts['found']}" for kind, counts in row.counts.items())
        return ", ".join(counted) or ("nothing" if row.finished_at else "")

    @admin.display(description="in detail")
    def found(self, row: Reconciliation) -> str:
        """The first of each kind."""
        return _shown(row.findings)


@admin.register(MeterReading)
class MeterReadingAdmin(ReadOnlyAdmin):
    """What the upstreams showed of their bills."""

    list_display = ["account", "at", "used", "balance"]
    list_select_related = ["account"]
    list_filter = ["account"]


@admin.register(RefusedModel)
class RefusedModelAdmin(ModelAdmin):
    """Delete a row to offer the model through the account again."""

    list_display = ["account", "model", "reason", "until", "created_at"]
    list_select_related = ["account"]
    search_fields = ["model", "reason"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "at", "detail"]
    search_fields = ["name"]


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ModelAdmin):
    form = ProviderAccountForm
    list_display = ["name", "protocol", "enabled", "is_sandbox", "priority", "weight",
                    "concurrency", "disabled_because", "paused_until", "last_error"]  # fmt: skip
    search_fields = ["name", "base_url"]
    readonly_fields = ["disabled_because", "last_error", "created_at"]
    list_filter = [_Resting]
    actions = ["back_in_service"]

    @admin.action(description="Put back into service", permissions=["change"])
    def back_in_service(self, request: HttpRequest, queryset: QuerySet[ProviderAccount]) -> None:
        """After the trouble was mended at the upstream."""
        for account in queryset:
            health.back_in_service(account)
        names = ", ".join(account.name for account in queryset)
        self.message_user(request, f"Back in service, with every breaker closed: {names}.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: the trail names it. It is retired instead, as the form says."""
        return False

    def save_model(
        self, request: HttpRequest, obj: ProviderAccount, form: Any, change: bool
    ) -> None:
        """Only what was changed here: pauses and failures go on beside an open form."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        changed = set(form.changed_data)
        mended = changed & {"credential", "base_url"}
        if "credential" in changed:
            changed ^= {"credential", "sealed_credential"}
        if mended:
            health.back_in_service(obj)
        if changed & {"base_url", "protocol"}:
            self._warn_of_films(request, obj)
        obj.save(update_fields=changed)
        if health.retired(obj):
            health.retire(obj)

    def _warn_of_films(self, request: HttpRequest, account: ProviderAccount) -> None:
        with tenancy.system("an account makes films of every tenant"):
            films = Generation.objects.filter(account=account, finished_at=None).count()
        if films:
            says = f"{films} under way were handed over at the old address, and are asked about at "
            says += "the new one. If it does not know them, put the old one back until they end."
            self.message_user(request, says, messages.WARNING)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The name seals the credential, so it stays."""
        fixed = [str(f) for f in self.readonly_fields]
        return [*fixed, "name"] if obj else fixed
