"""Alice with a program for each dialect; imports wait, as this is read before the product runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.generations.programs import Program
    from tests.people import Customer


@pytest.fixture
def alice() -> Customer:
    """A customer with credits."""
    from tests.generations import programs

    return programs.funded()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    """The native API, to look at what the dialects did."""
    from tests.generations import programs

    return programs.native(site, alice.test_key)


@pytest.fixture
def segmind(site: str, alice: Customer) -> Program:
    """Alice's program for Segmind."""
    from tests.generations import programs

    return programs.Program(f"{site}/segmind", **{"x-api-key": alice.test_key})


@pytest.fixture
def kling(site: str, alice: Customer) -> Program:
    """Alice's program for Kling, with a static key."""
    from tests.generations import programs

    return programs.Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")


@pytest.fixture
def llmprovider(site: str, alice: Customer) -> Program:
    """Alice's program for llmprovider."""
    from tests.generations import programs

    return programs.Program(f"{site}/llmprovider", Authorization=f"Bearer {alice.test_key}")


@pytest.fixture(scope="module")
def film_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a film of five seconds that is none of ours, of a size that Kling takes."""
    from tests.generations import mp4
    from tests.serving import Quiet, serving

    path = mp4.write(tmp_path_factory.mktemp("film") / "film.mp4", size=(720, 720))

    class Host(Quiet):
        def get(self) -> None:
            self.answer(200, path.read_bytes())

    with serving(Host) as address:
        yield f"{address}/film.mp4"


@pytest.fixture
def pair(alice: Customer) -> tuple[str, str]:
    """Alice's access key and secret key, test mode."""
    from accounts import access_keys, tenancy

    with tenancy.scope(alice.organisation.pk):
        row, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="pair")
    return row.access_key, secret


@pytest.fixture
def token(pair: tuple[str, str]) -> Callable[..., str]:
    """Signs a JWT as Kling's clients do; keyword arguments replace claims."""
    import time

    import jwt

    def sign(secret: str = pair[1], algorithm: str = "HS256", **claims: object) -> str:
        now = int(time.time())
        usual: dict[str, object] = {"iss": pair[0], "exp": now + 1800, "nbf": now - 5}
        return jwt.encode({**usual, **claims}, secret, algorithm=algorithm)

    return sign
