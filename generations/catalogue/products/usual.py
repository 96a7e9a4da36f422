"""Fields that many products share, with Kling's own words for them."""

from __future__ import annotations

from generations.catalogue.products.facts import Fact
from generations.catalogue.products.fields import Choice, Field, Mark, Number, Text
from generations.catalogue.products.product import Product, Row
from generations.catalogue.products.sources import Medial
from generations.catalogue.spec import ASPECT_RATIOS

SESSION_HOURS = 24  # so long a session lives at Kling
STD_PRO = ("std", "pro")
MODE_ALIASES = (("standard", "std"), ("professional", "pro"))
PROMPT = Text(name="prompt", words="What is to happen.")
NEGATIVE = Text(name="negative_prompt", words="What is not to be seen.")
CFG_SCALE = Number(name="cfg_scale", low="0", high="1", words="How closely the prompt is followed.")
QUALITY = "The quality: std is standard, pro is professional and costs more."
MODE = Choice(name="mode", allowed=STD_PRO, default="std", aliases=MODE_ALIASES, words=QUALITY)
ASPECT_RATIO = Choice(
    name="aspect_ratio", allowed=ASPECT_RATIOS, words="The film's width to its height."
)
SECONDS = "The film's length in seconds."
KEPT_SOUND = "Whether the sound of the film that is sent is kept."
WATERMARK = Mark(
    name="watermark",
    words="Whether the film comes with Kling's watermark too, beside the clean one.",
)
SESSION_ID = Fact(
    name="session_id",
    type="string",
    words="The generation that began the session, as later steps name it in session.",
    sample="gen_kT3vX9mQ2LrB7sYd",
)


def film(
    low: int,
    high: int,
    *,
    inside: str = "",
    words: str = "The film.",
    sides: tuple[int, int] = (0, 0),
) -> Medial:
    """The film that is worked on, `low` to `high` s long: an address, or the id of one of ours.

    `inside`: the object of the body that Kling wants them in. `sides`: pixels, (0, 0) for any.
    """
    place = f"{inside}." if inside else ""
    return Medial(
        name="video",
        medium="video",
        key=f"{place}video_url",
        id_key=f"{place}video_id",
        required=True,
        low=low,
        high=high,
        megabytes=100,
        least_side=sides[0],
        most_side=sides[1],
        words=words,
    )


def session_step(
    name: str,
    title: str,
    description: str,
    path: str,
    *fields: Field,
    follows: str,
    tells: tuple[Fact, ...],
) -> Product:
    """One call of a session at Kling: answered at once with what it `tells` and the session's id.

    Priced as Kling's smallest call is, until an operator corrects the row.
    """
    return Product(
        name=name,
        title=title,
        description=description,
        path=path,
        fields=fields,
        outputs=("facts",),
        at_once=True,
        follows=follows,
        gives=SESSION_ID.name,
        result=(SESSION_ID, *tells),
        eta=5,
        prices=(Row(units="0.05"),),
    )
