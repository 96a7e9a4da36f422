"""Kling 1.x: sold by the 5 or 10 second clip, with cfg_scale, camera moves and motion brush.

Capabilities and prices are Kling's capability map and price list (August 2026). The averages are
those of Segmind's pages: 320 s for kling-text2video, 135 s for an image-to-video model.
"""

from __future__ import annotations

from decimal import Decimal

from generations.catalogue.spec import (
    PRO_720,
    PRO_1080,
    STD_720,
    Camera,
    EndFrame,
    Spec,
    UnitPrice,
    Where,
)

KLING_V1 = Spec(
    name="kling-v1",
    title="Kling 1.0",
    description="The first Kling: the cheapest film, and the only one with every camera move.",
    discontinued=True,
    kinds=("text2video", "image2video"),
    modes=(STD_720, PRO_720),
    durations=(5, 10),
    cfg_scale="yes",
    camera=Camera(where=Where(kinds=("text2video",), modes=("std",), durations=(5,))),
    end_frame=EndFrame(where=Where(durations=(5,))),
    masks=Where(kinds=("image2video",), durations=(5,)),
    eta_text=320,
    eta_image=135,
    fps_text=30,
    fps_image=30,
    prices=(
        UnitPrice("std", "none", 5, Decimal("1")),
        UnitPrice("std", "none", 10, Decimal("2")),
        UnitPrice("pro", "none", 5, Decimal("3.5")),
        UnitPrice("pro", "none", 10, Decimal("7")),
    ),
)

KLING_V1_5 = Spec(
    name="kling-v1-5",
    title="Kling 1.5",
    description="Brings an image to life; simple camera moves and motion brush in pro.",
    kinds=("image2video",),
    modes=(STD_720, PRO_1080),
    durations=(5, 10),
    cfg_scale="yes",
    camera=Camera(
        where=Where(kinds=("image2video",), modes=("pro",), durations=(5,)), types=("simple",)
    ),
    end_frame=EndFrame(where=Where(modes=("pro",)), tail_only=True),
    masks=Where(modes=("pro",), durations=(5,)),
    eta_text=320,
    eta_image=135,
    fps_text=30,
    fps_image=30,
    prices=(
        UnitPrice("std", "none", 5, Decimal("2")),
        UnitPrice("std", "none", 10, Decimal("4")),
        UnitPrice("pro", "none", 5, Decimal("3.5")),
        UnitPrice("pro", "none", 10, Decimal("7")),
    ),
)

KLING_V1_6 = Spec(
    name="kling-v1-6",
    title="Kling 1.6",
    description="Follows prompts more closely than 1.0; an end frame alone is enough in pro.",
    kinds=("text2video", "image2video"),
    modes=(STD_720, PRO_1080),
    durations=(5, 10),
    cfg_scale="yes",
    end_frame=EndFrame(where=Where(modes=("pro",)), tail_only=True),
    eta_text=320,
    eta_image=135,
    fps_text=24,
    fps_image=30,
    prices=(
        UnitPrice("std", "none", 5, Decimal("2")),
        UnitPrice("std", "none", 10, Decimal("4")),
        UnitPrice("pro", "none", 5, Decimal("3.5")),
        UnitPrice("pro", "none", 10, Decimal("7")),
    ),
)
