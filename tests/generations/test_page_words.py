"""What the website says is in its own words, and its waiting times are those of a job's page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from generations import waiting
from generations.catalogue.capabilities import CAPABILITIES, lacking
from generations.catalogue.params import Params
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import Spec
from generations.models import Generation, Status
from generations.views.cards import card
from generations.views.words import plain

_RAW = re.compile(r"kling-[v\d]|\bstd\b|\bpro\b|cfg_scale|_")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_no_reason_of_the_studio_shows_a_raw_name(spec: Spec) -> None:
    reasons = [plain(lacking(spec, capability)) for capability in CAPABILITIES]
    assert [reason for reason in reasons if _RAW.search(reason)] == []


def test_a_refusal_is_read_with_the_names_on_the_page() -> None:
    raw = "mode of kling-v2-1-master must be pro, not std: send pro."
    assert plain(raw) == "Quality of Kling 2.1 Master must be Pro, not Standard: choose Pro."


def failed(code: str, message: str) -> Generation:
    order = Params(model="kling-v1", prompt="A boat").to_json()
    return Generation(
        model="kling-v1", kind="text2video", params=order, status=Status.FAILED, credits=10,
        error_code=code, error_message=message,
    )  # fmt: skip


def test_a_raw_cause_stays_off_the_page() -> None:
    shown = card(failed("upstream_unavailable", "RemoteProtocolError: peer closed"), None)
    assert str(shown.fault) == "The services that could make it could not take it."
    assert shown.reason == ""


def test_what_the_customer_can_change_is_passed_on() -> None:
    shown = card(failed("upstream_refused", "kling-v1 takes no such image"), None)
    assert shown.reason == "Kling 1.0 takes no such image"
    assert shown.announcement == "Failed. The credits came back."


def page(kind: str, status: Status, made: dict[str, Any], **asked: Any) -> str:
    """The part of a job's page that changes."""
    job = Generation(
        public_id="gen_made", model=f"kling-{kind}", kind=kind, status=status, credits=1,
        params={"model": f"kling-{kind}", "task": kind, "duration": 0, **asked},
        pk=-1, organisation_id=1, charged=1, made=made, finished_at=timezone.now(),
        error_code="upstream_failed" * (status == Status.FAILED),
    )  # fmt: skip
    shown = {"card": card(job, None), "wallet": {"available": 1}}
    return render_to_string("generations/parts/job.html", shown)


def test_what_is_no_film_is_shown_with_its_own_fields_and_result() -> None:
    voice = {"facts": {"voice_name": "Ann"}}
    shown = page("custom-voice", Status.SUCCEEDED, voice, voice_name="Ann", audio="upl_1")
    assert "The voice is ready." in shown
    assert '<dt>Voice id</dt><dd><code id="made-id">gen_made</code></dd>' in shown
    assert '<p class="prompt-text">Ann</p>' in shown
    assert "<dt>Recording</dt><dd>a file that you sent</dd>" in shown
    for foreign in ("Quality", "Length", "silent", "film", "To the library"):
        assert foreign not in shown
    key = "films/gen_made/0.webp"
    faces = {"facts": {"face_data": [{"face_id": "left-1"}]}, "face_keys": [key]}
    shown = page("identify-face", Status.SUCCEEDED, faces, video="gen_x")
    assert "<code>left-1</code>" in shown
    assert f"/media/{key}?" in shown
    assert "film" not in page("text-to-audio", Status.FAILED, {}, prompt="Rain")


def test_what_an_order_names_is_linked_and_told_in_words() -> None:
    face = {"face_id": "left-1", "audio": "https://example.com/a/speech.mp3?key=secret",
            "sound_end_time": 3000, "sound_volume": 1.5}  # fmt: skip
    shown = page("advanced-lip-sync", Status.FAILED, {}, session="gen_x", faces=[face])
    assert '<dt>Begun with</dt><dd><a class="mono" href="/app/jobs/gen_x">gen_x</a></dd>' in shown
    assert "<dt>Recording</dt><dd>example.com/a/speech.mp3</dd>" in shown
    assert "<dt>Recording to</dt><dd>3.0 s</dd>" in shown
    assert "<dt>Loudness of the recording</dt><dd>150 %</dd>" in shown
    points = [{"x": 0.4, "y": 0.6}, {"x": 0.5, "y": 0}]
    told = {"facts": {"fps": 24, "width": 1280, "height": 720, "status": 0, "total_frame": 120,
                      "original_duration": 5000, "res": {"points": points}}}  # fmt: skip
    chosen = page("add-selection", Status.SUCCEEDED, told, session="gen_x", frame=0, points=points)
    assert "<dt>In frame</dt><dd>0</dd>" in chosen
    assert "<dt>Points</dt><dd>40 % · 60 %, 50 % · 0 %</dd>" in chosen
    assert '<dt>Size</dt><dd class="mono">1280×720</dd>' in chosen
    assert '<dt>Length</dt><dd class="mono">5.0 s</dd>' in chosen
    assert "Status" not in chosen
    assert "prompt-text" not in chosen
    spoken = page("tts", Status.FAILED, {}, text="Hello", voice="AOT", language="zh", speed=1.2)
    for row in ("Voice</dt><dd>Ace", "Language</dt><dd>Chinese", "Pace</dt><dd>1.2×"):
        assert row in spoken


@pytest.mark.parametrize("mode", ["std", "pro"])
def test_a_model_is_shown_with_the_times_its_jobs_show(mode: str) -> None:
    params = Params(model="kling-v2-6", prompt="A boat", mode=mode).to_json()
    job = Generation(model="kling-v2-6", kind="text2video", livemode=False, params=params)
    assert waiting.usual_for("kling-v2-6", "text2video", mode, livemode=False) == waiting.usual(job)
