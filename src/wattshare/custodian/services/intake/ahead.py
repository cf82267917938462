"""What is read while what was read before is stored."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
# items that are made before somebody asks for them
MOST = 2


@contextmanager
def ahead(items: Iterable[Item]) -> Iterator[Iterator[Item]]:
    """The items, which another thread makes from now on, some before they are asked for; none is None."""
    coming = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as reader:
        waiting = deque(reader.submit(next, coming, None) for _ in range(MOST))

        def made() -> Iterator[Item]:
            while (item := waiting.popleft().result()) is not None:
                waiting.append(reader.submit(next, coming, None))
                yield item

        try:
            yield made()
        finally:
            reader.shutdown(cancel_futures=True)
