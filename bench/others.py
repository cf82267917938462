"""The bars whose parts are measured elsewhere, or not yet: each says why there is no figure."""

from collections.abc import Iterator

from bench.outcome import Outcome

MISSING = {
    "I1": "Parquet is taken in, but not yet held against \\copy here",
    "I3": "needs I1's intake running beside the reads",
    "S1": "closed months are not compacted yet",
    "S2": "drops the caches of the whole machine: pass --cold on a machine of your own",
}


def measure(wanted: frozenset[str]) -> Iterator[Outcome]:
    """A row for each."""
    for name, why in MISSING.items():
        if name in wanted:
            yield Outcome(id=name, note=why)
