"""So many requests of one caller are worked on at a time; the others of the same caller wait their turn."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Line:
    """One caller's requests."""

    at_work: int = 0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """All callers that have a request at work. For one thread, the loop's."""

    each: int
    places: dict[str, Line] = field(default_factory=dict)

    def place(self, key: str) -> "Place":
        """A place for one request of a caller, to be waited for."""
        return Place(self, key)


class Place:
    """One request's place, for as long as the block."""

    __slots__ = ("crowd", "key")

    def __init__(self, crowd: Crowd, key: str) -> None:
        """Nothing is taken yet."""
        self.crowd, self.key = crowd, key

    async def __aenter__(self) -> None:
        """Take it, after those who came before."""
        line = self.crowd.places.setdefault(self.key, Line())
        if line.at_work < self.crowd.each:
            line.at_work += 1
            return
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave()
            elif turn in line.waiting:
                line.waiting.remove(turn)
            raise

    async def __aexit__(self, *_: object) -> None:
        """Give it to who waits longest."""
        self.leave()

    def leave(self) -> None:
        """The same."""
        line = self.crowd.places[self.key]
        while line.waiting:
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        line.at_work -= 1
        if not line.at_work:
            del self.crowd.places[self.key]
