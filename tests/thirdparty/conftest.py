"""A custodian that is known by heart: answers are given in order, requests are kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import stamina

from wattshare.thirdparty.client import Client
from wattshare.thirdparty.custodian import Custodian
from wattshare.thirdparty.tokens import MemoryTokenStore, Tokens, TokenStore

HOST = "https://riverton.example"
RESOURCE = f"{HOST}/GreenButtonConnect/espi/1_1/resource"
NOW = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())

CUSTODIAN = Custodian(
    resource=RESOURCE,
    oauth=f"{HOST}/datacustodian/oauth/v2",
    test_oauth=f"{HOST}/datacustodian/test/oauth/v2",
    client_id="c" * 32,
    client_secret="s" * 64,
    redirect_uri="https://acme.example/back",
    application_id="5f7a0f3e-0000-4000-8000-000000000001",
    registration_token="registration-1",
)


def tokens(number: int, *, ends_in: int = 3600, subscription: str = "4100001") -> Tokens:
    """The tokens of a customer, the first, second, … pair."""
    return Tokens(
        subscription=subscription,
        access_token=f"access-{number}",
        refresh_token=f"refresh-{number}",
        expires_at=SECOND + ends_in,
    )


def token_answer(number: int, *, subscription: str = "4100001", **changes: Any) -> httpx2.Response:
    """What a token endpoint says."""
    said = {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "FB=1_3_8;AdditionalScope=Usage",
        "resourceURI": f"{RESOURCE}/Batch/Subscription/{subscription}",
        "authorizationURI": f"{RESOURCE}/Authorization/{subscription}",
    }
    return httpx2.Response(200, json={**said, **changes})


Answering = Callable[[httpx2.Request], httpx2.Response]


def arriving(answer: httpx2.Response) -> httpx2.Response:
    """An answer whose body is still to come, as over a connection."""
    if not answer.is_stream_consumed:
        return answer
    return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(answer.content))


@dataclass
class Counter:
    """A custodian of a few words."""

    answers: list[httpx2.Response | Exception | Answering] = field(default_factory=list)
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """The next answer."""
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return arriving(answer if isinstance(answer, httpx2.Response) else answer(request))

    def client(self, store: TokenStore | None = None, *kept: Tokens, **changes: Any) -> Client:
        """A client of it."""
        store = store if store is not None else MemoryTokenStore()
        for each in kept:
            store.keep(each)
        return Client(
            changes.pop("custodian", CUSTODIAN),
            store=store,
            transport=httpx2.MockTransport(self),
            now=lambda: NOW,
            **changes,
        )

    @property
    def lines(self) -> list[str]:
        """What was asked, in short."""
        return [f"{each.method} {each.url.path.rpartition('/')[2]}" for each in self.asked]


@pytest.fixture
def custodian() -> Counter:
    """One that has nothing to say yet."""
    return Counter()


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    """Retries without waiting."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
