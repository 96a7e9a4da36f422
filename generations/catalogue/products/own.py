"""Voices and elements of one's own: made once, named by id in any number of orders.

Fields and limits are those of Kling's pages, the price of a voice that of its list of August 2026.
What an element costs is on no list that we know: it is priced as a voice is, and an operator
corrects the row.
"""

from __future__ import annotations

from generations.catalogue.products.facts import Fact
from generations.catalogue.products.fields import Choice, Text, Thing
from generations.catalogue.products.lists import Many
from generations.catalogue.products.product import Given, Product, Row
from generations.catalogue.products.rules import conflict, exactly_one
from generations.catalogue.products.sources import Medial, Picture
from generations.catalogue.violations import Findings

TAGS = tuple(f"o_{number}" for number in range(101, 109))
_LIKE_A_VOICE = (Row(units="0.05"),)
_DELETED_AT = Fact(
    name="deleted_at",
    type="string",
    words="When it was deleted; only where it was.",
    sample="2026-11-22T10:15:00.000000Z",
    always=False,
)

VOICE = Product(
    name="custom-voice",
    title="A voice of your own",
    description="Makes a voice from 5 to 30 s of somebody speaking.",
    path="/v1/general/custom-voices",
    fields=(
        Text(name="voice_name", most=20, required=True, words="What you call the voice."),
        Medial(
            name="audio",
            medium="audio",
            key="voice_url",
            id_key="voice_url",
            low=5,
            high=30,
            words="Somebody speaking; else send video.",
        ),
        Medial(
            name="video",
            medium="video",
            key="video_id",
            id_key="video_id",
            low=5,
            high=30,
            made_by=("any",),
            words="A film made here in which somebody speaks; else send audio.",
        ),
    ),
    outputs=("facts",),
    gives="voice_id",
    facts_at="voices",
    result=(
        Fact(
            name="voice_id",
            type="string",
            words="The generation itself, as orders name it in voice and voices.",
            sample="gen_kT3vX9mQ2LrB7sYd",
        ),
        Fact(
            name="voice_name",
            type="string",
            words="Its name; not where the service that made it tells none.",
            sample="Anna",
            always=False,
        ),
        _DELETED_AT,
    ),
    rules=(exactly_one("audio", "video"),),
    eta=30,
    prices=_LIKE_A_VOICE,
)

_NAMED = (
    Text(name="element_name", most=20, required=True, words="What you call it."),
    Text(name="element_description", most=100, required=True, words="What it is, in words."),
)
_TAGS = Many(
    name="tags",
    key="tag_list",
    inner=(Choice(name="tag", key="tag_id", allowed=TAGS),),
    bare=True,
    most=len(TAGS),
    words="Kling's sorts of elements, such as o_102 for figures, o_103 for animals, o_104 for "
    "things, o_105 for clothes and o_106 for scenes.",
)

_ELEMENT_FACTS = (
    Fact(
        name="element_id",
        type="string",
        words="The generation itself, as orders name it in elements.",
        sample="gen_kT3vX9mQ2LrB7sYd",
    ),
    Fact(name="element_name", type="string", words="Its name.", sample="Fox"),
    Fact(
        name="element_description",
        type="string",
        words="What it is.",
        sample="A red fox with a white tail",
    ),
    _DELETED_AT,
)

ELEMENT = Product(
    name="custom-element",
    title="An element of your own",
    description="Makes a figure or thing from a frontal picture and others, to be named in films.",
    path="/v1/general/custom-elements",
    fields=(
        *_NAMED,
        Picture(name="image", key="element_frontal_image", required=True, words="From the front."),
        Many(
            name="images",
            key="element_refer_list",
            inner=(Picture(name="image", key="image_url"),),
            bare=True,
            least=1,
            most=3,
            required=True,
            words="From other sides.",
        ),
        _TAGS,
    ),
    outputs=("facts",),
    at_once=True,
    gives="element_id",
    result=_ELEMENT_FACTS,
    eta=5,
    prices=_LIKE_A_VOICE,
)

_REFERENCES = {"image_refer": ("image", "images"), "video_refer": ("videos",)}


def _refers_to_what_is_sent(given: Given, findings: Findings) -> None:
    """Each type has fields of its own: all of them must be there, and none of the other's."""
    kind = given.get("reference_type")
    for owner, names in _REFERENCES.items():
        for name in names:
            if kind and owner != kind and given.get(name):
                conflict(findings, name, f"reference_type {kind}", f"reference_type {owner}")
            elif owner == kind and not given.get(name) and not findings.refused(name):
                findings.refuse(
                    name,
                    "required",
                    f"is missing for reference_type {kind}",
                    limit=" and ".join(names),
                    way_out=f"send {name}",
                )


ADVANCED_ELEMENT = Product(
    name="advanced-custom-element",
    title="An element from pictures or a film",
    description="As a custom element, also from a film, and with a voice of its own.",
    path="/v1/general/advanced-custom-elements",
    fields=(
        *_NAMED,
        Choice(
            name="reference_type",
            allowed=("image_refer", "video_refer"),
            required=True,
            words="Whether it is made from image and images, or from videos.",
        ),
        Picture(name="image", key="element_image_list.frontal_image", words="From the front."),
        Many(
            name="images",
            key="element_image_list.refer_images",
            inner=(Picture(name="image", key="image_url"),),
            bare=True,
            least=1,
            most=3,
            words="From other sides.",
        ),
        Many(
            name="videos",
            key="element_video_list.refer_videos",
            inner=(
                Medial(
                    name="video",
                    medium="video",
                    key="video_url",
                    id_key="video_url",
                    low=3,
                    high=10,
                ),
            ),
            bare=True,
            most=1,
            words="A film of it.",
        ),
        Thing(name="voice", key="element_voice_id", words="Its voice."),
        _TAGS,
    ),
    outputs=("facts",),
    gives="element_id",
    result=_ELEMENT_FACTS,
    facts_at="elements",
    rules=(_refers_to_what_is_sent,),
    eta=60,
    prices=_LIKE_A_VOICE,
)
