"""What a prompt is made of, in the order of Kling's own guide: a checklist with words to add.

`tells` are beginnings of words, English and Chinese, between bars, by which a page sees that a
prompt says something of the kind; `phrases` are put behind the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of words. `pictured`: still wanted when a picture says what is seen."""

    name: str
    title: Promise | str
    tells: str
    phrases: tuple[Promise | str, ...]
    pictured: bool = False


PARTS: tuple[Part, ...] = (
    Part(
        "subject",
        _("Subject"),
        "",  # whatever a prompt begins with is its subject
        (_("a red fox"), _("an old fisherman"), _("a paper boat"), _("a glass city")),
        pictured=True,
    ),
    Part(
        "movement",
        _("Movement"),
        (
            "walk|run|fly|flies|float|drift|swim|danc|turn|spin|jump|fall|ris|break|crash|"
            "blow|flow|rid|sail|glid|sway|mov|open|climb|chas|swirl|flicker|shimmer|pour|"
            "march|wav|roll|走|跑|飞|跳|游|转|漂|舞|落|升|动|摇|流"
        ),
        (
            _("turns its head"),
            _("drifts slowly past"),
            _("runs towards us"),
            _("sways in the wind"),
        ),
        pictured=True,
    ),
    Part(
        "scene",
        _("Scene"),
        (
            "forest|sea|ocean|beach|street|city|town|room|kitchen|mountain|desert|dune|sky|"
            "space|river|lake|snow|field|garden|café|cafe|market|station|bridge|roof|rock|"
            "harbour|harbor|village|alley|studio|underwater|jungle|valley|canyon|island|"
            "coast|peak|森林|海|街|城|山|沙漠|天空|河|湖|雪|花园|房间|屋|田"
        ),
        (
            _("in a pine forest"),
            _("on a rainy street"),
            _("above the clouds"),
            _("in a quiet kitchen"),
        ),
    ),
    Part(
        "camera",
        _("Camera"),
        (
            "camera|close-up|close up|closeup|wide shot|pan|tilt|zoom|dolly|tracking|"
            "push in|pull back|orbit|crane|handheld|aerial|drone|low angle|high angle|"
            "bird’s|bird's|static shot|pov|lens|镜头|特写|推近|拉远|航拍|俯拍|跟拍|广角"
        ),
        (
            _("slow push in"),
            _("low angle"),
            _("handheld"),
            _("tracking shot"),
            _("slow orbit"),
            _("crane up"),
            _("static shot"),
            _("close-up"),
        ),
    ),
    Part(
        "light",
        _("Light"),
        (
            "light|sun|dusk|dawn|golden hour|neon|shadow|backlit|moon|candle|lamp|glow|"
            "overcast|noon|lit by|twilight|光|黄昏|黎明|霓虹|影|烛|月"
        ),
        (_("golden hour"), _("neon at night"), _("soft window light"), _("moonlight")),
    ),
    Part(
        "atmosphere",
        _("Atmosphere"),
        (
            "mood|calm|tense|dream|epic|eerie|cosy|cozy|melanchol|storm|mist|fog|cinematic|"
            "nostalg|serene|dramatic|playful|watercolo|35 mm|35mm|grain|anime|noir|rain|"
            "stop motion|style|peaceful|氛围|梦幻|宁静|紧张|雾|电影|风格|温馨|雨"
        ),
        (_("soft fog"), _("35 mm film"), _("watercolour"), _("stop motion"), _("calm and warm")),
    ),
)
