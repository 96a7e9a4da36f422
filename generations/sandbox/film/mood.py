"""What a prompt is about: place, hour, weather and living things, from its words and the seed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from random import Random

from generations.sandbox.film.paint import lerp
from generations.sandbox.film.planes import Colour


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of an hour: sky from top to horizon, the sun or moon, far and near ground."""

    top: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    far: Colour
    near: Colour


@dataclass(frozen=True, slots=True)
class Mood:
    """Everything the painter needs to know; equal prompt and seed give an equal mood."""

    place: str
    hour: str
    weather: str
    extras: frozenset[str]
    palette: Palette
    seed: int

    def source(self, purpose: str) -> Random:
        """A random source of its own for one purpose, so that parts do not disturb each other."""
        return Random(f"{self.seed}:{purpose}")  # noqa: S311 - pictures, not secrets


_PLACES = {
    "space": "space galaxy planet nebula cosmos cosmic astronaut rocket star-ship spaceship stars "
    "milky universe moonwalk orbit alien 太空 星空 宇宙",
    "city": "city street skyscraper skyscrapers downtown tokyo york cyberpunk neon urban traffic "
    "car cars building buildings robot cyber hacker office 城市",
    "sea": "sea ocean beach wave waves island boat ship sail sailing surf whale dolphin lake "
    "harbour harbor coast lighthouse fish underwater river water 海",
    "forest": "forest woods tree trees jungle pine pines fox deer bear owl fairy mushroom woodland "
    "squirrel wolf 森林",
    "desert": "desert dune dunes sand sahara camel pyramid mars canyon oasis 沙漠",
    "meadow": "meadow field fields flower flowers grass garden farm spring dog puppy collie cat "
    "kitten horse rabbit child girl boy dance dancing picnic butterfly 花",
    "mountains": "mountain mountains hill hills valley peak peaks alps snow glacier eagle dragon "
    "castle hike hiking cliff 山",
}
_HOURS = {
    "night": "night midnight moon moonlight moonlit stars starry dark aurora galaxy 夜",
    "dawn": "dawn sunrise morning pastel pink 日出",
    "sunset": "sunset dusk evening golden twilight 日落",
    "day": "day noon sunny blue bright summer",
    "neon": "neon cyberpunk cyber synthwave vaporwave hacker laser",
}
_WEATHERS = {
    "snow": "snow snowy snowing snowfall blizzard winter 雪",
    "rain": "rain rainy raining storm stormy 雨",
    "fog": "fog foggy mist misty haze hazy mysterious",
    "petals": "petals blossom blossoms cherry sakura spring",
    "fireflies": "firefly fireflies fairy magic magical sparkle glowing",
}
_EXTRAS = {
    "aurora": "aurora borealis northern",
    "birds": "bird birds eagle seagull seagulls gull flock crow fly flying",
    "boat": "boat ship sail sailing yacht",
    "balloon": "balloon balloons hot-air",
    "person": "person man woman girl boy astronaut child dancer samurai knight hiker people robot",
    "dog": "dog puppy collie wolf fox",
    "cat": "cat kitten cats",
    "lighthouse": "lighthouse",
}
_PALETTES: dict[str, tuple[Palette, ...]] = {
    "day": (
        Palette(
            (46, 112, 196),
            (120, 178, 230),
            (228, 240, 246),
            (255, 250, 228),
            (158, 188, 208),
            (30, 66, 62),
        ),
        Palette(
            (32, 120, 186),
            (118, 196, 218),
            (240, 240, 220),
            (255, 246, 214),
            (150, 192, 196),
            (34, 60, 48),
        ),
    ),
    "dawn": (
        Palette(
            (70, 84, 152),
            (216, 142, 164),
            (255, 218, 176),
            (255, 240, 208),
            (190, 146, 172),
            (44, 36, 68),
        ),
        Palette(
            (92, 116, 176),
            (232, 172, 172),
            (255, 230, 198),
            (255, 244, 220),
            (200, 168, 184),
            (50, 48, 82),
        ),
    ),
    "sunset": (
        Palette(
            (36, 28, 86),
            (188, 68, 102),
            (255, 172, 88),
            (255, 230, 160),
            (162, 80, 108),
            (26, 16, 44),
        ),
        Palette(
            (28, 42, 92),
            (220, 96, 74),
            (255, 196, 104),
            (255, 236, 176),
            (170, 96, 92),
            (30, 20, 36),
        ),
    ),
    "night": (
        Palette(
            (5, 9, 30), (16, 32, 78), (62, 92, 150), (238, 243, 255), (44, 66, 112), (5, 9, 20)
        ),
        Palette(
            (6, 10, 26), (14, 44, 74), (52, 112, 132), (236, 248, 246), (36, 78, 98), (4, 12, 18)
        ),
    ),
    "neon": (
        Palette(
            (9, 6, 34), (70, 18, 104), (240, 78, 150), (255, 196, 226), (96, 34, 120), (8, 5, 22)
        ),
        Palette(
            (4, 12, 36), (20, 40, 116), (64, 190, 214), (210, 250, 255), (36, 54, 130), (6, 6, 26)
        ),
    ),
}
_USUAL_HOURS = {
    "space": ("night",),
    "city": ("sunset", "night", "neon", "dawn"),
    "desert": ("sunset", "dawn", "day"),
    "forest": ("dawn", "day", "sunset"),
}


def _matched(words: frozenset[str], text: str, table: dict[str, str]) -> list[str]:
    """The table's keys with a word in the prompt, best first; the earlier key wins a tie."""
    scores = {}
    for key, listed in table.items():
        hits = sum(1 for w in listed.split() if w in words or (not w.isascii() and w in text))
        if hits:
            scores[key] = hits
    return sorted(scores, key=lambda key: -scores[key])


def read_prompt(prompt: str, seed: int | None) -> Mood:
    """The mood of a prompt. What it does not say is chosen by the seed, or else by its words."""
    text = prompt.lower()
    words = frozenset(re.findall(r"[a-z][a-z-]*", text))
    digest = hashlib.sha256(f"{prompt}\0{seed}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    rng = Random(number)  # noqa: S311 - pictures, not secrets
    places = _matched(words, text, _PLACES)
    place = places[0] if places else rng.choice(("mountains", "sea", "meadow", "desert", "forest"))
    hours = _matched(words, text, _HOURS)
    usual = _USUAL_HOURS.get(place, ("dawn", "day", "sunset"))
    hour = hours[0] if hours else rng.choice(usual)
    weathers = _matched(words, text, _WEATHERS)
    weather = weathers[0] if weathers else ""
    extras = frozenset(_matched(words, text, _EXTRAS))
    return Mood(place, hour, weather, extras, _tinted(rng, hour), number)


def _tinted(rng: Random, hour: str) -> Palette:
    """One of the hour's palettes, nudged a little so that no two films look the same."""
    base = rng.choice(_PALETTES[hour])
    tint = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
    return Palette(
        lerp(base.top, tint, 0.07),
        lerp(base.middle, tint, 0.07),
        lerp(base.horizon, tint, 0.03),
        base.sun,
        lerp(base.far, tint, 0.06),
        lerp(base.near, tint, 0.03),
    )
