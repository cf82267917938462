"""Tables and words of Markdown."""

from collections.abc import Iterable


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
