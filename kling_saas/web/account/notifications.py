"""What one is told by mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import FilmMails, User
from generations import film_mails
from kling_saas.web.account.doors import in_person

_CHOICES = (
    ("", gettext_lazy("Off"), gettext_lazy("The site shows what ended.")),
    (
        FilmMails.EACH.value,
        gettext_lazy("Each film"),
        gettext_lazy("A minute after it ended; what ends together comes in one mail."),
    ),
    (
        FilmMails.FAILURES.value,
        gettext_lazy("Failures only"),
        gettext_lazy("When a film failed and its credits are back."),
    ),
    (
        FilmMails.DIGEST.value,
        gettext_lazy("Once a day"),
        gettext_lazy("All that ended since the mail before."),
    ),
)


@require_http_methods(["GET", "HEAD", "POST"])
@in_person
def notifications(request: HttpRequest, user: User) -> HttpResponse:
    """A POST chooses."""
    if request.method == "POST":
        film_mails.choose(user, request.POST.get("film_mails", ""))
        messages.success(request, _("Your choice is kept."))
        return redirect("notifications")
    return render(request, "settings/notifications.html", {"choices": _CHOICES})
