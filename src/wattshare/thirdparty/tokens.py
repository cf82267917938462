"""The tokens of customers' authorizations, and where they are kept."""

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from wattshare.thirdparty.errors import Failed
from wattshare.thirdparty.files import write_aside

# a token that ends within this many seconds is renewed before it is used
LEEWAY = 60


class UnreadableTokens(Failed):
    """The file of tokens is not one; it is left as it is."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a token answer gave for one authorization. RFC 6749 §5.1, and the ESPI additions to it."""

    # SubscriptionID, which is AuthorizationID and RetailCustomerID too
    subscription: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    # epoch seconds
    expires_at: int
    # the granted scope string
    scope: str = ""
    resource_uri: str | None = None
    authorization_uri: str | None = None
    customer_resource_uri: str | None = None

    def is_fresh(self, now: int) -> bool:
        """Whether the access token is good for a while yet."""
        return now < self.expires_at - LEEWAY


class TokenStore(Protocol):
    """Where tokens live between calls. What has a disk has them there before `keep` returns."""

    def find(self, subscription: str) -> Tokens | None:
        """The tokens of one authorization."""
        ...

    def every(self) -> tuple[Tokens, ...]:
        """All of them, by subscription."""
        ...

    def keep(self, tokens: Tokens) -> None:
        """Put these in the place of what was kept for the same authorization."""
        ...

    def drop(self, subscription: str) -> None:
        """Forget one authorization; fine if there is none."""
        ...

    def alone(self, subscription: str) -> AbstractContextManager[None]:
        """While it is held, nobody else who uses this store renews the tokens of this authorization."""
        ...


class Locks:
    """A lock for each name, made when first asked for."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def of(self, name: str) -> threading.Lock:
        """The lock of that name."""
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())


class MemoryTokenStore:
    """Tokens for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, Tokens] = {}
        self._locks = Locks()

    def find(self, subscription: str) -> Tokens | None:
        """The tokens of one authorization."""
        return self._kept.get(subscription)

    def every(self) -> tuple[Tokens, ...]:
        """All of them, by subscription."""
        kept = dict(self._kept)
        return tuple(kept[name] for name in sorted(kept))

    def keep(self, tokens: Tokens) -> None:
        """Put these in the place of what was kept."""
        self._kept[tokens.subscription] = tokens

    def drop(self, subscription: str) -> None:
        """Forget one authorization."""
        self._kept.pop(subscription, None)

    def alone(self, subscription: str) -> AbstractContextManager[None]:
        """Held by one thread at a time."""
        return _held(self._locks.of(subscription))


class FileTokenStore:
    """Tokens in one JSON file, readable by its owner only, written aside and renamed.

    Several threads and several processes of one machine may share it. What is not such a file raises
    UnreadableTokens, and is never written over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._locks = Locks()

    def find(self, subscription: str) -> Tokens | None:
        """The tokens of one authorization."""
        kept = self._read().get(subscription)
        return Tokens(**kept) if kept else None

    def every(self) -> tuple[Tokens, ...]:
        """All of them, by subscription."""
        return tuple(Tokens(**kept) for _, kept in sorted(self._read().items()))

    def keep(self, tokens: Tokens) -> None:
        """Put these in the place of what was kept; on disk when it returns."""
        with self._locked("file"):
            self._write({**self._read(), tokens.subscription: asdict(tokens)})

    def drop(self, subscription: str) -> None:
        """Forget one authorization."""
        with self._locked("file"):
            self._write({name: kept for name, kept in self._read().items() if name != subscription})

    def alone(self, subscription: str) -> AbstractContextManager[None]:
        """Held by one thread of one process at a time."""
        return self._locked(f"renew-{subscription}")

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """This process's lock, then every process's: flock alone does not part threads that share a file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locks.of(name):
            beside = os.open(self.path.with_name(f".{self.path.name}.{name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(beside, fcntl.LOCK_EX)
                yield
            finally:
                os.close(beside)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            kept = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UnreadableTokens(f"{self.path} is not a token file, or not whole: {error}.") from error
        return dict(kept)

    def _write(self, kept: Mapping[str, object]) -> None:
        write_aside(self.path, json.dumps(kept, indent=1).encode())


@contextlib.contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield
