"""Operators keep packs, plans and vouchers here. What was offered is switched off, never deleted:
purchases and uses name it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.forms import SimpleArrayField
from django.http import HttpRequest

from billing import prices, vouchers
from billing.models import Pack, Plan, PlanPrice, Voucher, VoucherUse
from kling_saas.lib.admin import ModelAdmin, ModelForm, ReadOnlyInline, TabularInline


class Offered(ModelAdmin):
    """`named_by` is what it is known by outside: chosen once."""

    named_by = "slug"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Addresses, purchases and printed codes hold the name."""
        return [*self.readonly_fields, *([self.named_by] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it is switched off."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed here: a code is used beside an open form."""
        obj.save(update_fields=form.changed_data if change else None)


@admin.register(Pack)
class PackAdmin(Offered):
    list_display = [
        "name",
        "slug",
        "credits",
        "bonus_credits",
        "price_cents",
        "valid_days",
        "active",
        "position",
    ]
    list_filter = ["active"]
    search_fields = ["name", "slug"]


class PlanPriceForm(ModelForm):
    """A price of a plan takes the place of a row of the list, so there must be one."""

    class Meta:
        model = PlanPrice
        fields = ["sku", "key", "unit", "credits"]

    def clean(self) -> dict[str, Any]:
        """Names the keys that the thing is sold under."""
        cleaned: dict[str, Any] = super().clean() or {}
        sku, key, unit = (cleaned.get(name, "") for name in ("sku", "key", "unit"))
        rows = prices.active_book().rows
        if sku and unit and (sku, key, unit) not in rows:
            known = sorted(f"{row.key} per {row.unit}" for row in rows.values() if row.sku == sku)
            raise forms.ValidationError(
                f"The price list has no {sku} {key} per {unit}. It has: "
                f"{'; '.join(known) or 'nothing of this name'}."
            )
        return cleaned


class PlanPriceInline(TabularInline):
    """Taking one away gives subscribers the list price again."""

    model = PlanPrice
    form = PlanPriceForm
    extra = 0


class _Rows(SimpleArrayField):
    """Short texts, one a row; empty rows are none. With `commas` these separate them, too."""

    def __init__(self, *args: Any, commas: bool, **named: Any) -> None:
        self.commas = commas
        widget = forms.Textarea(attrs={"rows": 4, "cols": 60})
        super().__init__(*args, **{**named, "delimiter": "\n", "widget": widget})

    def to_python(self, value: Any) -> Any:
        """What stands in the rows."""
        if isinstance(value, str):
            rows = (value.replace(",", "\n") if self.commas else value).splitlines()
            value = "\n".join(row for row in map(str.strip, rows) if row)
        return super().to_python(value)


class PlanForm(ModelForm):
    """What a plan unlocks must be for sale, or it would unlock nothing."""

    class Meta:
        model = Plan
        fields = "__all__"

    def clean_unlocks(self) -> list[str]:
        """Each SKU once."""
        named: list[str] = list(dict.fromkeys(self.cleaned_data["unlocks"]))
        sold = prices.active_book().by_sku()
        if unknown := [sku for sku in named if sku not in sold]:
            raise forms.ValidationError(
                f"The price list has no {', '.join(unknown)}. It has: {', '.join(sorted(sold))}."
            )
        return named


@admin.register(Plan)
class PlanAdmin(Offered):
    form = PlanForm
    list_display = [
        "name",
        "slug",
        "credits",
        "rollover_credits",
        "price_cents",
        "concurrency",
        "dispatch_weight",
        "active",
        "position",
    ]
    list_filter = ["active"]
    search_fields = ["name", "slug"]
    inlines = [PlanPriceInline]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **named: Any) -> Any:
        """Lists have a row for each of theirs; a line of a card may have commas."""
        if isinstance(db_field, ArrayField):
            return db_field.formfield(form_class=_Rows, commas=db_field.name == "unlocks")
        return super().formfield_for_dbfield(db_field, request, **named)


class VoucherUseInline(ReadOnlyInline):
    model = VoucherUse
    fields = ["organisation", "used_by", "created_at"]


@admin.register(Voucher)
class VoucherAdmin(Offered):
    named_by = "code"
    list_display = [
        "code",
        "credits",
        "uses",
        "most_uses",
        "newcomers_only",
        "ends_at",
        "active",
        "note",
    ]
    list_filter = ["active", "newcomers_only"]
    search_fields = ["code", "note"]
    readonly_fields = ["uses", "created_by", "created_at"]
    inlines = [VoucherUseInline]

    def get_fields(self, request: HttpRequest, obj: Voucher | None = None) -> list[Any]:
        """Of one that is not saved yet there is nothing to read."""
        named = super().get_fields(request, obj)
        return [name for name in named if obj or name not in self.readonly_fields]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A code that nobody guesses; another may be typed over it."""
        return {"code": vouchers.new_code(), **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Voucher, form: Any, change: bool) -> None:
        """Whoever makes it is written down."""
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)
