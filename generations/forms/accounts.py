"""What an operator sets of an upstream account."""

from __future__ import annotations

from typing import Any

from django import forms

from generations.catalogue import registry
from generations.catalogue.products.registry import PRODUCTS
from generations.models import ProviderAccount
from generations.wire import loose
from kling_saas.lib.admin import ModelForm

_ENABLED = (
    "Off: it gets no order for now; those that only it can make wait for it, until their deadline. "
    "To retire it (an account is never deleted, because the trail of its films names it), untick "
    "serves_live and serves_test too: those orders are given back, and its alarms end."
)
_NO_CREDENTIAL = (
    "Enter the vendor's API key, or access_key|secret_key: an enabled account needs it. To save "
    "the account without one, untick enabled."
)


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
        help_texts = {"enabled": _ENABLED}
        fields = ["name", "protocol", "base_url", "credential", "enabled", "is_sandbox",
                  "serves_live", "serves_test", "priority", "weight", "concurrency",
                  "polls_per_second", "max_seconds", "models_sold", "cost_book",
                  "paused_until"]  # fmt: skip

    def clean_concurrency(self) -> int:
        """At least one: who wants none says so where the consequences stand."""
        places: int = self.cleaned_data["concurrency"]
        if places < 1:
            raise forms.ValidationError("With 0 it would take nothing: untick enabled instead.")
        return places

    def clean(self) -> dict[str, Any]:
        """Nothing is sent without a credential, so what may be sent to has one."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        has_one = found.get("credential") or self.instance.sealed_credential
        if found.get("enabled") and not has_one:
            self.add_error("credential", _NO_CREDENTIAL)
        return found

    def clean_models_sold(self) -> list[str]:
        """Names that the catalogue knows."""
        names = self.cleaned_data["models_sold"] or []
        known = {spec.name for spec in registry.SPECS}
        known |= {m for p in PRODUCTS.values() for m in (*p.models, p.own_model)}
        if not isinstance(names, list) or not all(name in known for name in names):
            raise forms.ValidationError(f"A list of models, of {', '.join(sorted(known))}.")
        return names

    def clean_cost_book(self) -> dict[str, str]:
        """Positive dollars by model."""
        book = self.cleaned_data["cost_book"] or {}
        if not isinstance(book, dict):
            raise forms.ValidationError('An object, as {"*": "0.14"}.')
        for model, dollars in book.items():
            amount = loose.number(dollars)
            if amount is None or amount <= 0:
                raise forms.ValidationError(f"{model}: {dollars} is no positive amount.")
        return {model: str(dollars) for model, dollars in book.items()}

    def save(self, commit: bool = True) -> ProviderAccount:
        """Seal the credential with the name it is bound to."""
        if text := self.cleaned_data.get("credential"):
            self.instance.set_credential(text)
        saved: ProviderAccount = super().save(commit)
        return saved
