"""Tables and words of Markdown."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of Markdown."""
    heads = tuple(heads)
    lines = [heads, tuple("---" for _ in heads), *(tuple(map(cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """What stands in one field of a table."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def code(value: object) -> str:
    """A word of the code or the wire; nothing for nothing."""
    return f"`{value}`" if str(value) else ""


def listed(values: Iterable[object]) -> str:
    """Several words of the code or the wire."""
    return ", ".join(code(value) for value in values)


def yes(value: object) -> str:
    """Yes, or an empty field."""
    return "yes" if value else ""


def states(moves: Mapping[State, set[State]], begins: Iterable[State]) -> str:
    """A diagram of what may follow what."""
    lines = [f"    [*] --> {state.value}" for state in begins]
    lines += [f"    {state.value} --> {to.value}" for state, after in moves.items() for to in sorted(after)]
    lines += [f"    {state.value} --> [*]" for state, after in moves.items() if not after]
    return "\n".join(("```mermaid", "stateDiagram-v2", *lines, "```"))
