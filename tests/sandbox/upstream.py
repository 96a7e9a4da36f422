"""A sandbox of one's own: started as a process, asked over HTTP, killed without warning."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import av
import httpx

from tests.serving import Quiet, serving
from tests.waiting import until

SPEED = 2000.0
KEY = {"Authorization": "Bearer sandbox-key"}
SEGMIND_KEY = {"x-api-key": "SG_0123456789abcdef"}


class Upstream:
    """The sandbox process on a port of its own; `data` outlives it."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._environment = environment
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        environment = {
            **os.environ,
            "SANDBOX_SPEED": str(SPEED),
            "SANDBOX_FILM": "small",
            **self._environment,
        }
        command = [sys.executable, "-m", "generations.sandbox"]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port), "--data", str(self.data)], env=environment
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """As an operator does."""
        self._process.terminate()
        self._process.wait(timeout=60)

    def create(self, prompt: str, **fields: Any) -> httpx.Response:
        """Create by Kling's first standard."""
        body = {"model_name": "kling-v1", "prompt": prompt, **fields}
        return self.http.post("/kling/v1/videos/text2video", json=body, headers=KEY)

    def get(self, task: str) -> dict[str, Any]:
        """Kling's task object by id or external id."""
        answer = self.http.get(f"/kling/v1/videos/text2video/{task}", headers=KEY)
        return dict(answer.json()["data"])

    def finished(self, task: str) -> dict[str, Any]:
        """Kling's task object when it has ended."""
        until(lambda: self.get(task)["task_status"] in ("succeed", "failed"))
        return self.get(task)

    def audit(self, label: str) -> dict[str, int]:
        """How often a create was asked for and how many tasks it made."""
        rows = self.http.get("/_audit").json()["creates"]
        found = next(row for row in rows if row["label"] == label)
        return {"asked": found["asked"], "created": found["created"]}


def url_of(task: dict[str, Any]) -> str:
    """The film's address in Kling's task object."""
    return str(task["task_result"]["videos"][0]["url"])


def probe(film: bytes) -> dict[str, Any]:
    """What a player sees in a film: every frame is decoded."""
    with av.open(io.BytesIO(film)) as container:
        video = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video))
        return {
            "size": (video.width, video.height),
            "codec": (video.codec_context.name, video.codec_context.pix_fmt),
            "fps": int(video.average_rate or 0),
            "seconds": frames / float(video.average_rate or 1),
            "container_seconds": float(container.duration or 0) / 1e6,
            "sound": [stream.codec_context.name for stream in container.streams.audio],
        }


class Mailbox:
    """Receives callbacks, in the order they come."""

    def __init__(self) -> None:
        received: list[dict[str, Any]] = []

        class Handler(Quiet):
            def post(self) -> None:
                received.append(json.loads(self.body()))
                self.answer(200)

        self.received = received
        self._open = ExitStack()
        self.url = self._open.enter_context(serving(Handler)) + "/hook"

    def states(self, task_id: str) -> list[str]:
        """The states told about a task so far."""
        return [body["task_status"] for body in self.received if body["task_id"] == task_id]

    def close(self) -> None:
        """Receive no more."""
        self._open.close()
