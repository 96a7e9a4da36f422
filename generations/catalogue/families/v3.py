"""Kling 3.0: sold by the second, 3 to 15 s, with sound and several shots in one film.

Capabilities and prices are Kling's capability map and price list (August 2026; the voice tier is
of February 2026). The average of 175 s is that of Segmind's page kling-3-standard-text2video.
"""

from __future__ import annotations

from decimal import Decimal

from generations.catalogue.spec import (
    EVERYWHERE,
    PRO_1080,
    STD_720,
    ULTRA_4K,
    EndFrame,
    Several,
    Shots,
    Sound,
    Spec,
    UnitPrice,
    Where,
)

_THREE_TO_FIFTEEN = tuple(range(3, 16))

KLING_V3 = Spec(
    name="kling-v3",
    title="Kling 3.0",
    description="Up to six shots in one film of 3 to 15 s, with sound, voices and elements, to 4K.",
    kinds=("text2video", "image2video"),
    modes=(STD_720, PRO_1080, ULTRA_4K),
    durations=_THREE_TO_FIFTEEN,
    # Kling's pages exclude only 2.x, and Segmind's page for 3.0 takes it.
    cfg_scale="yes",
    sound=Sound(where=EVERYWHERE),
    voices=Several(where=Where(modes=("std", "pro")), most=2),
    elements=Several(where=Where(kinds=("image2video",)), most=3),
    end_frame=EndFrame(where=EVERYWHERE),
    shots=Shots(),
    eta_text=175,
    eta_image=175,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("std", "none", None, Decimal("0.6")),
        UnitPrice("pro", "none", None, Decimal("0.8")),
        UnitPrice("4k", "none", None, Decimal("3")),
        UnitPrice("std", "native", None, Decimal("0.9")),
        UnitPrice("pro", "native", None, Decimal("1.2")),
        UnitPrice("4k", "native", None, Decimal("3")),
        UnitPrice("std", "voice", None, Decimal("1.1")),
        UnitPrice("pro", "voice", None, Decimal("1.4")),
    ),
)

KLING_3_0_TURBO = Spec(
    name="kling-3.0-turbo",
    title="Kling 3.0 Turbo",
    description="The quick 3.0: always with sound, one shot, from words or a first frame.",
    kinds=("text2video", "image2video"),
    modes=(STD_720, PRO_1080),
    durations=_THREE_TO_FIFTEEN,
    negative_prompt=False,
    sound=Sound(where=EVERYWHERE, always=True),
    eta_text=175,
    eta_image=175,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("std", "native", None, Decimal("0.8")),
        UnitPrice("pro", "native", None, Decimal("1")),
    ),
)
