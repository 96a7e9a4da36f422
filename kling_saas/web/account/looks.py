"""How pages look and which keys they listen to: theme, density, motion, shortcuts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from kling_saas.web.account.doors import in_person
from kling_saas.web.context import THEMES
from kling_saas.web.views import set_theme

# By the name that scripts ask for: keys, and what they do.
SHORTCUTS: dict[str, tuple[tuple[str, ...], Promise]] = {
    "generate": (("Ctrl", "Enter"), gettext_lazy("Generate the film, in the studio")),
    "prompts": (("Alt", "↑ ↓"), gettext_lazy("Earlier prompts, in the prompt")),
    "player": (("Space", ", . M"), gettext_lazy("Play, step by a frame, sound, at a film")),
}


@require_http_methods(["GET", "HEAD", "POST"])
@in_person
def appearance(request: HttpRequest, user: User) -> HttpResponse:
    """The theme is this device's, in a cookie; density and motion are the person's everywhere."""
    if request.method == "POST":
        user.density = "compact" if request.POST.get("density") == "compact" else ""
        user.motion = "reduce" if request.POST.get("motion") == "reduce" else ""
        user.save(update_fields=["density", "motion"])
        messages.success(request, _("The looks are kept."))
        return set_theme(redirect("appearance"), request.POST.get("theme", ""))
    return render(request, "settings/appearance.html", {"themes": THEMES})


@require_http_methods(["GET", "HEAD", "POST"])
@in_person
def shortcuts(request: HttpRequest, user: User) -> HttpResponse:
    """Each key by which pages do something, and whether it does."""
    if request.method == "POST":
        on = request.POST.getlist("on")
        user.shortcuts_off = [name for name in SHORTCUTS if name not in on]
        user.save(update_fields=["shortcuts_off"])
        messages.success(request, _("The shortcuts are kept."))
        return redirect("shortcuts")
    rows = [
        {"name": name, "keys": keys, "words": words, "on": name not in user.shortcuts_off}
        for name, (keys, words) in SHORTCUTS.items()
    ]
    return render(request, "settings/shortcuts.html", {"rows": rows})
