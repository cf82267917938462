"""How much a third party may still ask."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of one stretch of time: how many requests it allows, and how many are left."""

    name: str
    most: int
    # of the whole stretch, and to its end
    seconds: int
    left: int
    ends_in: int
