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


def page(kind: str, status: Status, made: dict[str, Any], **asked: str) -> str:
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
    assert '<dt>Voice id</dt><dd class="mono">gen_made</dd>' in shown
    assert "<dt>Voice name</dt><dd>Ann</dd>" in shown
    for foreign in ("Quality", "Length", "silent", "film", "To the library"):
        assert foreign not in shown
    key = "films/gen_made/0.webp"
    faces = {"facts": {"face_data": [{"face_id": "left-1"}]}, "face_keys": [key]}
    shown = page("identify-face", Status.SUCCEEDED, faces, video="gen_x")
    assert "<code>left-1</code>" in shown
    assert f"/media/{key}?" in shown
    assert "film" not in page("text-to-audio", Status.FAILED, {}, prompt="Rain")


@pytest.mark.parametrize("mode", ["std", "pro"])
def test_a_model_is_shown_with_the_times_its_jobs_show(mode: str) -> None:
    params = Params(model="kling-v2-6", prompt="A boat", mode=mode).to_json()
    job = Generation(model="kling-v2-6", kind="text2video", livemode=False, params=params)
    assert waiting.usual_for("kling-v2-6", "text2video", mode, livemode=False) == waiting.usual(job)
