"""Small words to add to a prompt: what a camera does, how the light falls, what it looks like."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PHRASES: tuple[tuple[Promise | str, tuple[Promise | str, ...]], ...] = (
    (_("Camera"), (_("slow push in"), _("low angle"), _("handheld"))),
    (_("Light"), (_("golden hour"), _("neon at night"), _("soft fog"))),
    (_("Style"), (_("35 mm film"), _("watercolour"), _("stop motion"))),
)
