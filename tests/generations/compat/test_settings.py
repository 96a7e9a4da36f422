"""What an operator may set about dialects: host names of their own, and Kling's own statuses."""

from __future__ import annotations

from django.test import Client, override_settings

from kling_saas import checks
from tests.people import Customer

FILM = {"model_name": "kling-v1", "prompt": "A fox"}


def _post(path: str, body: dict[str, str], **headers: str) -> tuple[int, dict[str, object]]:
    answer = Client().post(
        path, body, content_type="application/json", headers={"host": "localhost", **headers}
    )
    return answer.status_code, answer.json()


@override_settings(KLING_DIALECT_STATUS="official")
def test_official_statuses_are_klings_own_table(alice: Customer) -> None:
    live = {"Authorization": f"Bearer {alice.live_key}"}
    path = "/kling/v1/videos/text2video"
    status, told = _post(path, {**FILM, "model_name": "kling-v2-master"}, **live)
    assert (status, told["code"]) == (429, 1102)
    status, told = _post(path, {**FILM, "model_name": "kling-v99"}, **live)
    assert (status, told["code"]) == (404, 1203)


def test_what_openais_models_are_is_checked_before_it_is_asked_for() -> None:
    assert checks.check_models([]) == []
    for wrong in ("sora-2", "=kling-v3:std", "sora-2=kling-v9:std", "sora-2=kling-v1:4k:loud"):
        with override_settings(OPENAI_MODELS=["sora-2=kling-v3:pro", wrong]):
            assert [each.id for each in checks.check_models([])] == ["kling.E009"]


@override_settings(
    DIALECT_HOSTS={
        "kling.test": "kling",
        "segmind.test": "segmind",
        "llm.test": "llmprovider",
        "open.test": "openai",
    },
    ALLOWED_HOSTS=["*"],
)
def test_a_host_of_its_own_decides_before_credential_and_body(alice: Customer) -> None:
    bearer = {"Authorization": f"Bearer {alice.test_key}"}
    path = "/v1/videos/text2video"
    only_model = {"model": "kling-v1", "prompt": "A fox"}

    assert _post(path, only_model, host="kling.test", **bearer)[1]["code"] == 0
    flat = _post(path, only_model, host="llm.test", **bearer)[1]
    assert flat["task_status"] == "submitted"
    told = _post("/v1/videos", {"prompt": "A fox"}, host="open.test", **bearer)[1]
    assert told["object"] == "video"
    assert _post(path, only_model, host="open.test", **bearer)[0] == 405
    key = {"x-api-key": alice.test_key}
    made = _post("/v2/kling-text2video", {"prompt": "A fox"}, host="segmind.test", **key)[1]
    again = Client().get(str(made["poll_url"]), headers={"host": "segmind.test", **key})
    assert again.json()["request_id"] == made["request_id"]


def test_without_the_waiting_room_a_held_call_is_answered_at_once(alice: Customer) -> None:
    status, told = _post(
        "/segmind/v1/kling-text2video", {"prompt": "A fox"}, **{"x-api-key": alice.test_key}
    )
    assert status == 504
    assert str(told["request_id"]).startswith("gen_")
    bearer = {"Authorization": f"Bearer {alice.test_key}", "Prefer": "wait=5"}
    status, told = _post("/api/v1/generations", {"model": "kling-v1", "prompt": "A fox"}, **bearer)
    assert (status, told["status"]) == (202, "queued")


def test_somebody_signed_in_may_use_a_key_of_another_organisation(alice: Customer) -> None:
    from tests.generations.programs import funded

    browser = Client()
    browser.force_login(
        funded("bob").user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = browser.get(
        "/api/v1/wallet",
        headers={"host": "localhost", "Authorization": f"Bearer {alice.test_key}"},
    )
    assert (answer.status_code, answer.json()["available"]) == (200, 10_000)
