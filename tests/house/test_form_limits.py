"""Forms that announce more than they may hold are refused before their files are read."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize(
    ("path", "says"),
    [("/app/studio", "may hold 24 MB in all"), ("/api/v1/uploads", "A form has at most 24 MB")],
)
def test_a_large_form_is_413_by_its_length_alone(site: str, path: str, says: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(24 * 1024 * 1024 + 1))
    connection.endheaders()  # and nothing follows
    answer = connection.getresponse()
    assert (answer.status, says in answer.read().decode()) == (413, True)
    connection.close()
