"""What each magic word does on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from generations.sandbox import faults
from kling_saas.lib.sandboxes import BadSetting
from tests.sandbox.upstream import KEY, SEGMIND_KEY, SPEED, Mailbox, Upstream, probe, url_of
from tests.waiting import until

V1 = "/segmind/v1/kling-text2video"
V2 = "/segmind/v2/kling-text2video"
LLM = "/llmprovider/v1/videos/text2video"


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """What is in its films is nothing to these tests."""
    found = Upstream(tmp_path_factory.mktemp("faults"), SANDBOX_FILM="tiny")
    yield found
    found.stop()


def segmind(upstream: Upstream, path: str, prompt: str) -> httpx.Response:
    return upstream.http.post(path, json={"prompt": prompt, "duration": 5}, headers=SEGMIND_KEY)


def llmprovider(upstream: Upstream, prompt: str) -> httpx.Response:
    return upstream.http.post(LLM, json={"prompt": prompt}, headers=KEY)


def test_the_server_lists_every_word(upstream: Upstream) -> None:
    listed = upstream.http.get("/faults", headers={"Accept": "application/json"}).json()
    text = upstream.http.get("/faults").text
    assert listed["words"] == dict(faults.WORDS)
    assert all(word in text for word in faults.WORDS)


def test_words_that_are_not_in_the_list_mean_nothing() -> None:
    assert faults.read("fail:everything callback:maybe slow:ly") == faults.Script()


@pytest.mark.parametrize(
    ("word", "kling", "code", "segmind_status", "llm_status"),
    [("moderation", 400, 1301, 400, 400), ("discontinued", 404, 1203, 410, 404)],
)
def test_a_refusal_at_create_makes_no_task(
    upstream: Upstream, word: str, kling: int, code: int, segmind_status: int, llm_status: int
) -> None:
    prompt = f"Refuse this fail:{word}"
    answer = upstream.create(prompt, external_task_id=f"refused-{word}")
    assert (answer.status_code, answer.json()["code"]) == (kling, code)
    assert upstream.audit(f"external:refused-{word}") == {"asked": 1, "created": 0}
    assert segmind(upstream, V1, prompt).status_code == segmind_status
    assert segmind(upstream, V2, prompt).status_code == segmind_status
    assert llmprovider(upstream, prompt).status_code == llm_status


@pytest.mark.parametrize(("word", "status"), [("429", 429), ("5xx-before", 503)])
def test_the_first_two_creates_are_refused_and_the_third_is_taken(
    upstream: Upstream, word: str, status: int
) -> None:
    name = f"thrice-{word}"
    answers = [upstream.create(f"Thrice fail:{word}", external_task_id=name) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert upstream.audit(f"external:{name}") == {"asked": 3, "created": 1}
    queued = [segmind(upstream, V2, f"Thrice fail:{word}").status_code for _ in range(3)]
    assert queued == [status, status, 200]


def test_an_error_after_the_task_was_made_leaves_a_task_that_finishes(upstream: Upstream) -> None:
    answer = upstream.create("Five hundred fail:5xx-after", external_task_id="after-1")
    assert (answer.status_code, answer.json()["code"]) == (500, 5000)
    assert upstream.finished("after-1")["task_status"] == "succeed"


def test_a_lost_reply_drops_the_connection_and_keeps_the_task(upstream: Upstream) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        upstream.create("Lost fail:lost-reply", external_task_id="lost-1")
    assert upstream.finished("lost-1")["task_status"] == "succeed"
    with pytest.raises(httpx.RemoteProtocolError):
        segmind(upstream, V1, "Lost fail:lost-reply")
    assert upstream.audit("prompt:Lost fail:lost-reply") == {"asked": 1, "created": 1}


def test_a_failed_task_says_why_and_has_no_film(upstream: Upstream) -> None:
    upstream.create("Broken fail:failed", external_task_id="failed-1")
    task = upstream.finished("failed-1")
    assert task["task_status"] == "failed"
    assert task["task_status_msg"] == "generation failed (sandbox: fail:failed)"
    assert "task_result" not in task
    assert segmind(upstream, V1, "Broken fail:failed").status_code == 500
    made = segmind(upstream, V2, "Broken fail:failed").json()

    def asked() -> httpx.Response:
        return upstream.http.get(made["response_url"], headers=SEGMIND_KEY)

    until(lambda: asked().status_code == 422)
    assert asked().json()["status"] == "FAILED"


def test_a_task_that_never_ends_stays_in_processing(upstream: Upstream) -> None:
    upstream.create("For ever fail:never", external_task_id="never-1")
    waited = segmind(upstream, V1, "For ever fail:never")
    assert waited.status_code == 504
    assert waited.json()["request_id"] == waited.headers["x-request-id"]
    assert upstream.get("never-1")["task_status"] == "processing"


def test_a_late_task_takes_twelve_times_as_long(upstream: Upstream) -> None:
    upstream.create("Too late fail:late", external_task_id="late-1")
    task = upstream.finished("late-1")
    usual = 320_000 / SPEED
    assert task["updated_at"] - task["created_at"] >= 12 * usual * 0.8


def test_a_slow_task_takes_the_seconds_it_names(upstream: Upstream) -> None:
    upstream.create("Slowly slow:1.5", external_task_id="slow-1")
    task = upstream.finished("slow-1")
    assert task["updated_at"] - task["created_at"] >= 1500


def test_a_truncated_film_ends_before_its_length(upstream: Upstream) -> None:
    upstream.create("Half a film fail:truncated", external_task_id="truncated-1")
    task = upstream.finished("truncated-1")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        upstream.http.get(url_of(task))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        segmind(upstream, V1, "Half a film fail:truncated")


def test_a_corrupt_film_cannot_be_decoded(upstream: Upstream) -> None:
    upstream.create("No film fail:corrupt", external_task_id="corrupt-1")
    answer = upstream.http.get(url_of(upstream.finished("corrupt-1")))
    assert answer.status_code == 200
    with pytest.raises(av.error.FFmpegError):
        probe(answer.content)


def test_an_expired_link_is_good_again_after_asking_anew(upstream: Upstream) -> None:
    upstream.create("Old link fail:expired-link", external_task_id="expired-1")
    first = url_of(upstream.finished("expired-1"))
    assert upstream.http.get(first).status_code == 403
    fresh = url_of(upstream.get("expired-1"))
    assert probe(upstream.http.get(fresh).content)["seconds"] == 5
    assert upstream.http.get(first).status_code == 403


def told(upstream: Upstream, mailbox: Mailbox, prompt: str) -> list[str]:
    """The states called back for a film of this prompt, once it has ended."""
    made = upstream.create(prompt, callback_url=mailbox.url).json()["data"]
    until(lambda: "succeed" in mailbox.states(made["task_id"]))
    return mailbox.states(made["task_id"])


def test_every_change_of_state_is_called_back_without_an_envelope(
    upstream: Upstream, mailbox: Mailbox
) -> None:
    states = told(upstream, mailbox, "Call me slow:0.8")
    assert states[-1] == "succeed"
    assert sorted(set(states)) == sorted(states)
    body = mailbox.received[-1]
    assert body["task_result"]["videos"][0]["url"].startswith("http://127.0.0.1:")
    assert "code" not in body


def test_a_duplicated_callback_comes_twice(upstream: Upstream, mailbox: Mailbox) -> None:
    made = upstream.create("Twice callback:dup", callback_url=mailbox.url).json()["data"]
    until(lambda: mailbox.states(made["task_id"]).count("succeed") == 2)


def test_an_early_callback_comes_before_the_answer(upstream: Upstream, mailbox: Mailbox) -> None:
    answer: dict[str, Any] = upstream.create(
        "Early callback:early slow:60", callback_url=mailbox.url
    ).json()
    assert mailbox.states(answer["data"]["task_id"])[0] == "submitted"


def test_a_muted_task_calls_nobody(upstream: Upstream, mailbox: Mailbox) -> None:
    made = upstream.create("Mute callback:none", callback_url=mailbox.url).json()["data"]
    upstream.finished(made["task_id"])
    told(upstream, mailbox, "After the mute one")
    assert mailbox.states(made["task_id"]) == []


def test_tasks_survive_a_kill_and_finish_after_the_restart(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path, SANDBOX_FILM="tiny")
    try:
        upstream.create("Before the kill", external_task_id="done-1")
        before = upstream.finished("done-1")
        upstream.create("Across the kill slow:1", external_task_id="open-1")
        upstream.kill()
        upstream.start()
        after = upstream.get("done-1")
        assert (after["task_id"], after["updated_at"]) == (before["task_id"], before["updated_at"])
        assert upstream.http.get(url_of(before)).status_code == 200
        assert upstream.finished("open-1")["task_status"] == "succeed"
        again = upstream.create("Across the kill slow:1", external_task_id="open-1")
        assert again.status_code == 400
        assert upstream.audit("external:open-1") == {"asked": 2, "created": 1}
    finally:
        upstream.stop()


def test_a_setting_that_makes_no_sense_is_named_and_read_no_further(tmp_path: Path) -> None:
    from generations.sandbox import settings

    with pytest.raises(BadSetting, match="SANDBOX_SPEED must be a number above 0"):
        settings.read({"SANDBOX_SPEED": "fast"}, data=tmp_path, host="127.0.0.1", port=1)


def test_no_other_film_waits_for_one_in_4k(tmp_path: Path) -> None:
    upstream = Upstream(tmp_path, SANDBOX_FILM="full")
    try:
        terms = {"model_name": "kling-v3", "mode": "4k", "duration": "15"}
        large = upstream.create("A minute's work", **terms).json()["data"]["task_id"]
        small = upstream.create("A moment's").json()["data"]["task_id"]
        assert upstream.finished(small)["task_status"] == "succeed"
        assert upstream.get(large)["task_status"] == "processing"
    finally:
        upstream.stop()


def test_an_external_id_that_was_used_is_refused_or_makes_another_task_as_set(
    upstream: Upstream, tmp_path: Path
) -> None:
    lenient = Upstream(tmp_path, SANDBOX_FILM="tiny", SANDBOX_DUPLICATES="1")
    try:
        told = [
            [each.create("Twice", external_task_id="twice").status_code for _ in range(2)]
            for each in (upstream, lenient)
        ]
        lenient.kill()
        lenient.start()
        made = [each.audit("external:twice") for each in (upstream, lenient)]
    finally:
        lenient.stop()
    assert told == [[200, 400], [200, 200]]
    assert made == [{"asked": 2, "created": 1}, {"asked": 2, "created": 2}]


def test_the_weather_can_be_ended_until_another_one_is_set(tmp_path: Path) -> None:
    stormy = Upstream(tmp_path, SANDBOX_FILM="tiny", SANDBOX_WEATHER="5xx=1")
    try:
        before = stormy.create("In the storm").status_code
        stormy.http.post("/_calm")
        after = stormy.create("After it").status_code
        stormy.kill()
        stormy.start()
        again = stormy.create("After a restart").status_code
    finally:
        stormy.stop()
    assert (before, after, again) == (503, 200, 200)


def test_an_early_callback_of_the_weather_is_counted_when_it_is_sent(
    mailbox: Mailbox, tmp_path: Path
) -> None:
    stormy = Upstream(
        tmp_path, SANDBOX_FILM="tiny", SANDBOX_WEATHER="callback-early=1 callback-none=1"
    )
    try:
        stormy.create("Wants no news slow:60")
        calm = stormy.http.get("/_audit").json()["weather"]
        task = stormy.create("Wants news slow:60", callback_url=mailbox.url).json()["data"]
        struck = stormy.http.get("/_audit").json()["weather"]
    finally:
        stormy.stop()
    assert calm == {}
    assert struck["callback-early"] == 1
    assert mailbox.states(task["task_id"]) == ["submitted"]
