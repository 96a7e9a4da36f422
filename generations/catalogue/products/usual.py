"""Fields that many products share, with Kling's own words for them."""

from __future__ import annotations

from generations.catalogue.products.fields import Choice, Mark, Number, Text
from generations.catalogue.spec import ASPECT_RATIOS

STD_PRO = ("std", "pro")
MODE_ALIASES = (("standard", "std"), ("professional", "pro"))
PROMPT = Text(name="prompt", words="What is to happen.")
NEGATIVE = Text(name="negative_prompt", words="What is not to be seen.")
CFG_SCALE = Number(name="cfg_scale", low="0", high="1", words="How closely the prompt is followed.")
MODE = Choice(name="mode", allowed=STD_PRO, default="std", aliases=MODE_ALIASES)
ASPECT_RATIO = Choice(name="aspect_ratio", allowed=ASPECT_RATIOS)
WATERMARK = Mark(name="watermark")
