"""Who one is: the name others see, and in which language and zone one is told things."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import preferences
from accounts.models import User
from kling_saas.web.account.doors import in_person

_YEAR = 365 * 24 * 3600


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, language and time zone."""

    class Meta:
        model = User
        fields = ["name", "language", "time_zone"]
        labels = {"name": gettext_lazy("Name")}
        help_texts = {
            "name": gettext_lazy("Others in your organisations see it instead of your address.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        languages = [("", _("As the browser asks")), *settings.LANGUAGES]
        zones = [(name, name.replace("_", " ")) for name in preferences.zones()]
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=languages, required=False
        )
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=[("", _("As the browser says")), *zones],
            required=False,
            help_text=_("Invoices, caps and statements stay in UTC."),
        )


@require_http_methods(["GET", "HEAD", "POST"])
@in_person
def profile(request: HttpRequest, user: User) -> HttpResponse:
    """A POST keeps it; pages before one signs in speak the language too, by a cookie."""
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is kept."))
        response = redirect("profile")
        if user.language:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, user.language, max_age=_YEAR, samesite="Lax",
                secure=settings.SECURE,
            )  # fmt: skip
        else:
            response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return response
    status = 422 if form.errors else 200
    return render(request, "settings/profile.html", {"form": form}, status=status)
