"""Mouths and voices: lip-sync old and new, the faces it needs, avatars, speech and sounds.

Fields and limits are those of Kling's pages (legacy standard), prices those of its list of August
2026: lip-sync 0.5 units per begun 5 s, a look for faces 0.05, speech 0.05, sounds 0.25.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue import media
from generations.catalogue.params import Params
from generations.catalogue.products import usual
from generations.catalogue.products.facts import Fact
from generations.catalogue.products.fields import (
    Body,
    Choice,
    Number,
    Schema,
    Switch,
    Text,
    Thing,
    Whole,
    found_at,
)
from generations.catalogue.products.lists import Many
from generations.catalogue.products.product import Given, Product, Row
from generations.catalogue.products.rules import asks_for, exactly_one, needs
from generations.catalogue.products.sources import SLACK, Medial, Picture, Source
from generations.catalogue.reading import is_token
from generations.catalogue.violations import Findings

LANGUAGES = ("zh", "en")
_HOW, _BY_TEXT, _BY_SOUND = "input.mode", "text2video", "audio2video"
_PACE = "1 is the voice's own pace."
_SPOKEN = "The language of the text: Chinese or English."
_LOUD = "How loud the recording is: 0 is silent, 1 as it is, 2 the loudest."
_FILM_LOUD = "How loud the film's own sound is, likewise."
_PER_FIVE = (Row(units="0.5", per="chunk"),)


class _Recording(Medial):
    """The old lip-sync's sound: an address and a file have keys of their own, and a type."""

    __slots__ = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return ("input.audio_url", "input.audio_file", "input.audio_type", _HOW)

    def places(self) -> dict[str, Schema]:
        schema = self.described()
        form, how = ["url", "file"], [_BY_TEXT, _BY_SOUND]
        said = "Which of text and recording is meant; without it, the one that is sent."
        return {
            **dict.fromkeys(self.keys[:2], schema),
            "input.audio_type": {"enum": form, "description": "Of which two ways it is sent."},
            _HOW: {"enum": how, "description": said},
        }

    def put(self, body: Body, value: str) -> None:
        inner = body.setdefault("input", {})
        form = "url" if media.is_address(value) or is_token(value) else "file"
        inner |= {"audio_type": form, f"audio_{form}": value}

    def take(self, body: Mapping[str, Any]) -> Any:
        if found_at(body, _HOW) == _BY_TEXT:
            return None
        return found_at(body, "input.audio_url") or found_at(body, "input.audio_file")


class _Said(Text):
    """The old lip-sync's text, unless its mode says that a recording is meant."""

    __slots__ = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.path, _HOW)

    def places(self) -> dict[str, Schema]:
        return {self.path: self.described()}

    def take(self, body: Mapping[str, Any]) -> Any:
        return None if found_at(body, _HOW) == _BY_SOUND else found_at(body, self.path)


def _says_how(params: Params, body: Body) -> None:
    """Kling's old lip-sync wants to be told what it could see."""
    body["input"]["mode"] = _BY_TEXT if "text" in body["input"] else _BY_SOUND


LIP_SYNC = Product(
    name="lip-sync",
    title="Lip-sync",
    description="Makes the person in a film say a text, or what a recording says.",
    path="/v1/videos/lip-sync",
    fields=(
        usual.film(2, 60, inside="input", words="The film with the person."),
        _Said(name="text", key="input.text", most=120, words="What is said; else send audio."),
        Thing(name="voice", key="input.voice_id", listed=True, words="The voice, with text."),
        Choice(name="language", key="input.voice_language", allowed=LANGUAGES, words=_SPOKEN),
        Number(name="speed", key="input.voice_speed", low="0.8", high="2", words=_PACE),
        _Recording(
            name="audio",
            medium="audio",
            key="input.audio_url",
            id_key="input.audio_url",
            low=2,
            high=60,
            bytes_too=True,
            megabytes=5,
            words="The recording; else send text.",
        ),
        usual.WATERMARK,
    ),
    outputs=("video",),
    follows="video",
    eta=455,
    rules=(
        exactly_one("text", "audio"),
        asks_for("text", "voice"),
        needs("voice", "text"),
        needs("language", "text"),
        needs("speed", "text"),
    ),
    mends=_says_how,
    prices=_PER_FIVE,
)

IDENTIFY_FACE = usual.session_step(
    "identify-face",
    "Find faces",
    "Finds the faces in a film; advanced lip-sync chooses among them.",
    "/v1/videos/identify-face",
    usual.film(2, 60, sides=(720, 1920)),  # Kling's page: 720p or 1080p
    follows="video",
    tells=(
        Fact(
            name="face_data",
            type="array",
            words="The faces, each with when it is seen.",
            inner=(
                Fact(
                    name="face_id",
                    type="string",
                    words="As advanced-lip-sync names it in faces.",
                    sample="0",
                ),
                Fact(
                    name="face_image",
                    type="string",
                    words="A link to a picture of it; null where there is none.",
                    sample="https://…/face.webp",
                    nullable=True,
                ),
                Fact(
                    name="start_time",
                    type="integer",
                    words="From when it is seen, in ms.",
                    sample=0,
                ),
                Fact(
                    name="end_time",
                    type="integer",
                    words="Until when it is seen, in ms.",
                    sample=5000,
                ),
            ),
        ),
    ),
)

_LEAST_CLIP = 2000  # ms


def _clips_are_long_enough(given: Given, findings: Findings) -> None:
    for place, face in enumerate(given.get("faces") or ()):
        begin, end = face.get("sound_start_time"), face.get("sound_end_time")
        if begin is not None and end is not None and end - begin < _LEAST_CLIP:
            findings.refuse(
                f"faces[{place}].sound_end_time",
                "conflict",
                f"leaves {max(0, end - begin)} ms of the recording",
                limit=f"at least {_LEAST_CLIP} ms after sound_start_time",
                way_out=f"send at least {begin + _LEAST_CLIP}, or an earlier sound_start_time",
            )


def _clips_fit(params: Params, sources: Mapping[str, Source], findings: Findings) -> None:
    """A clip is out of the recording, and inside the film where it is put in (Kling's page)."""
    film = sources.get("session")
    for place, face in enumerate(params.inputs["faces"]):
        end, at = face["sound_end_time"], face["sound_insert_time"]
        recording = sources.get(f"faces[{place}].audio")
        clip_ends = at + end - face["sound_start_time"]
        if recording:
            _ends_by(findings, f"faces[{place}].sound_end_time", end, recording, "recording")
        if film:
            _ends_by(findings, f"faces[{place}].sound_insert_time", clip_ends, film, "film")


def _faces_were_found(params: Params, sources: Mapping[str, Source], findings: Findings) -> None:
    """A face is one of those that the session found, where it is known which."""
    session = sources.get("session")
    for place, face in enumerate(params.inputs["faces"]):
        known = ", ".join(session.faces) if session else ""
        if session and known and face["face_id"] not in session.faces:
            findings.refuse(
                f"faces[{place}].face_id",
                "not_allowed",
                f"is none that was found in the film: {known}",
                limit=known,
                way_out="send one of the session's result, in face_data",
            )


def _ends_by(findings: Findings, name: str, end: int, source: Source, what: str) -> None:
    if end <= (source.seconds + SLACK) * 1000:
        return
    findings.refuse(
        name,
        "out_of_range",
        f"takes the clip to {end} ms of a {what} of {source.seconds:.1f} s",
        limit=f"the {what}'s end",
        way_out=f"let the clip end with the {what}",
    )


ADVANCED_LIP_SYNC = Product(
    name="advanced-lip-sync",
    title="Lip-sync for a chosen face",
    description="Puts a recording into the mouth of one of the faces that were found.",
    path="/v1/videos/advanced-lip-sync",
    fields=(
        Thing(
            name="session",
            key="session_id",
            made_by=("identify-face",),
            hours=usual.SESSION_HOURS,
            required=True,
            words="The id of the generation that found the faces, within 24 hours.",
        ),
        Many(
            name="faces",
            key="face_choose",
            least=1,
            most=1,
            required=True,
            inner=(
                Text(
                    name="face_id",
                    most=64,
                    required=True,
                    words="One of the faces that the session found, in face_data.",
                ),
                Medial(
                    name="audio",
                    medium="audio",
                    key="sound_file",
                    id_key="audio_id",
                    low=2,
                    high=60,
                    required=True,
                    bytes_too=True,
                    megabytes=5,
                ),
                Whole(
                    name="sound_start_time",
                    low=0,
                    high=60_000,
                    default=0,
                    words="Where in the recording the clip begins, ms.",
                ),
                Whole(
                    name="sound_end_time",
                    low=2000,
                    high=60_000,
                    required=True,
                    words=f"Where in the recording it ends, ms; at least {_LEAST_CLIP} later.",
                ),
                Whole(
                    name="sound_insert_time",
                    low=0,
                    high=60_000,
                    default=0,
                    words="Where in the film it is put in, ms.",
                ),
                Number(name="sound_volume", low="0", high="2", default=1, words=_LOUD),
                Number(
                    name="original_audio_volume", low="0", high="2", default=1, words=_FILM_LOUD
                ),
            ),
            words="Who says what, and when.",
        ),
        usual.WATERMARK,
    ),
    outputs=("video",),
    rules=(_clips_are_long_enough,),
    measured=(_faces_were_found, _clips_fit),
    follows="session",
    eta=455,
    prices=_PER_FIVE,
)

AVATAR = Product(
    name="avatar",
    title="Avatar",
    description="Makes the person in a picture speak or sing a recording.",
    path="/v1/videos/avatar/image2video",
    fields=(
        Picture(name="image", required=True, words="The person."),
        Medial(
            name="audio",
            medium="audio",
            key="sound_file",
            id_key="audio_id",
            required=True,
            low=2,
            high=300,
            bytes_too=True,
            megabytes=5,
            words="What is said or sung.",
        ),
        usual.PROMPT,
        usual.MODE,
        usual.WATERMARK,
    ),
    outputs=("video",),
    modes=usual.STD_PRO,
    follows="audio",
    eta=455,
    prices=(
        Row(units="0.4", per="second", where=(("mode", "std"),)),
        Row(units="0.8", per="second", where=(("mode", "pro"),)),
    ),
)

SPEECH = Product(
    name="tts",
    title="Text to speech",
    description="Reads a text aloud in one of Kling's voices.",
    path="/v1/audio/tts",
    fields=(
        Text(name="text", most=1000, required=True, words="What is read."),
        Thing(name="voice", key="voice_id", required=True, listed=True, words="The voice's id."),
        Choice(
            name="language",
            key="voice_language",
            allowed=LANGUAGES,
            required=True,
            words=_SPOKEN,
        ),
        Number(name="speed", key="voice_speed", low="0.8", high="2", words=_PACE),
    ),
    outputs=("audio",),
    at_once=True,
    eta=5,
    prices=(Row(units="0.05"),),
)

SOUNDS = Product(
    name="text-to-audio",
    title="Text to sound",
    description="Makes a sound of 3 to 10 s from words.",
    path="/v1/audio/text-to-audio",
    fields=(
        Text(name="prompt", most=200, required=True, words="What is heard."),
        Number(
            name="seconds", key="duration", low="3", high="10", required=True, words="Its length."
        ),
    ),
    outputs=("audio",),
    wav=True,
    eta=30,
    prices=(Row(units="0.25"),),
)

SOUND_FOR_FILM = Product(
    name="video-to-audio",
    title="Sound for a film",
    description="Makes the sound that a silent film lacks, and gives both.",
    path="/v1/audio/video-to-audio",
    fields=(
        usual.film(3, 20),
        Text(name="sound_effect_prompt", most=200, words="What is heard."),
        Text(name="bgm_prompt", most=200, words="The music."),
        Switch(name="asmr_mode", words="True: fine sounds are made more of, as ASMR does."),
    ),
    outputs=("video", "audio"),
    follows="video",
    wav=True,
    eta=60,
    prices=(Row(units="0.25"),),
)
