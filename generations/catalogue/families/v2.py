"""Kling 2.x: sold by the 5 or 10 second clip, without cfg_scale and camera control.

Capabilities and prices are Kling's capability map and price list (August 2026). The averages are
those of Segmind's pages: 320 s for kling-text2video, 135 s for kling-2.1. The two masters have one
quality only, sold in the price list's 1080p column, hence the mode `pro`; Kling's API ignores
`mode` for them.
"""

from __future__ import annotations

from decimal import Decimal

from generations.catalogue.spec import (
    PRO_720,
    PRO_1080,
    STD_720,
    EndFrame,
    Several,
    Sound,
    Spec,
    UnitPrice,
    Where,
)

KLING_V2_MASTER = Spec(
    name="kling-v2-master",
    title="Kling 2.0 Master",
    description="The first master: large motion and cinematic detail, in one quality.",
    kinds=("text2video", "image2video"),
    modes=(PRO_720,),
    durations=(5, 10),
    eta_text=320,
    eta_image=135,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("pro", "none", 5, Decimal("10")),
        UnitPrice("pro", "none", 10, Decimal("20")),
    ),
)

KLING_V2_1 = Spec(
    name="kling-v2-1",
    title="Kling 2.1",
    description="Brings an image to life quickly; in pro it can travel to an end frame.",
    kinds=("image2video",),
    modes=(STD_720, PRO_1080),
    durations=(5, 10),
    cfg_scale="resellers",
    end_frame=EndFrame(where=Where(modes=("pro",))),
    eta_text=135,
    eta_image=135,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("std", "none", 5, Decimal("2")),
        UnitPrice("std", "none", 10, Decimal("4")),
        UnitPrice("pro", "none", 5, Decimal("3.5")),
        UnitPrice("pro", "none", 10, Decimal("7")),
    ),
)

KLING_V2_1_MASTER = Spec(
    name="kling-v2-1-master",
    title="Kling 2.1 Master",
    description="The finest of the 2.1 line: 1080p, from words or from an image.",
    kinds=("text2video", "image2video"),
    modes=(PRO_1080,),
    durations=(5, 10),
    cfg_scale="resellers",
    eta_text=320,
    eta_image=135,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("pro", "none", 5, Decimal("10")),
        UnitPrice("pro", "none", 10, Decimal("20")),
    ),
)

KLING_V2_5_TURBO = Spec(
    name="kling-v2-5-turbo",
    title="Kling 2.5 Turbo",
    description="Fast and inexpensive, with strong motion; end frame in pro.",
    kinds=("text2video", "image2video"),
    modes=(STD_720, PRO_1080),
    durations=(5, 10),
    end_frame=EndFrame(where=Where(modes=("pro",))),
    eta_text=320,
    eta_image=135,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("std", "none", 5, Decimal("1.5")),
        UnitPrice("std", "none", 10, Decimal("3")),
        UnitPrice("pro", "none", 5, Decimal("2.5")),
        UnitPrice("pro", "none", 10, Decimal("5")),
    ),
)

KLING_V2_6 = Spec(
    name="kling-v2-6",
    title="Kling 2.6",
    description="Sound made together with the picture in pro, and voices of your own.",
    kinds=("text2video", "image2video"),
    modes=(STD_720, PRO_1080),
    durations=(5, 10),
    sound=Sound(where=Where(modes=("pro",))),
    voices=Several(where=Where(kinds=("image2video",), modes=("pro",)), most=2),
    end_frame=EndFrame(where=Where(modes=("pro",)), silent_only=True),
    eta_text=320,
    eta_image=135,
    fps_text=24,
    fps_image=24,
    prices=(
        UnitPrice("std", "none", 5, Decimal("1.5")),
        UnitPrice("std", "none", 10, Decimal("3")),
        UnitPrice("pro", "none", 5, Decimal("2.5")),
        UnitPrice("pro", "none", 10, Decimal("5")),
        UnitPrice("pro", "native", 5, Decimal("5")),
        UnitPrice("pro", "native", 10, Decimal("10")),
        UnitPrice("pro", "voice", 5, Decimal("6")),
        UnitPrice("pro", "voice", 10, Decimal("12")),
    ),
)
