"""Which part of a feed belongs to which: by links, and where those fail, by addresses.

The rule is that the `up` of a child is one of its parent's `related`. Where it is broken, the child is found
by what is nearest to the rule, and each time is noted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wattshare.custodian.formats.hrefs import ancestors, path_of
from wattshare.custodian.formats.remarks import Remark


@dataclass(frozen=True, kw_only=True)
class Links:
    """The addresses of an entry."""

    self_href: str | None = None
    up: str | None = None
    related: tuple[str, ...] = ()


@dataclass
class Parents:
    """Everything in a file that children of one kind may belong to, by key."""

    by_related: dict[str, str] = field(default_factory=dict)
    by_related_path: dict[str, str] = field(default_factory=dict)
    by_path: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, entries: Iterable[tuple[str, Links]]) -> "Parents":
        """Index the links of possible parents."""
        parents = cls()
        for key, links in entries:
            parents.keys.add(key)
            if links.self_href:
                parents.by_path.setdefault(path_of(links.self_href), key)
            for href in links.related:
                parents.by_related.setdefault(href, key)
                parents.by_related_path.setdefault(path_of(href), key)
        return parents

    def find(self, child: Links) -> tuple[str, Remark | None] | None:
        """The parent of a child and how it was found, None where it is by the rule; no parent: None."""
        if child.up in self.by_related:
            return self.by_related[child.up], None
        if child.self_href in self.by_related:
            return self.by_related[child.self_href], Remark.LINK_TO_CHILD
        return self._by_path(child) or self._by_place()

    def _by_path(self, child: Links) -> tuple[str, Remark] | None:
        hrefs = [href for href in (child.up, child.self_href) if href]
        for href in hrefs:
            if path_of(href) in self.by_related_path:
                return self.by_related_path[path_of(href)], Remark.LINK_BY_PATH
        for href in hrefs:
            for path in ancestors(href):
                if path in self.by_path:
                    return self.by_path[path], Remark.LINK_BY_PATH
        return None

    def _by_place(self) -> tuple[str, Remark] | None:
        return (next(iter(self.keys)), Remark.LINK_BY_PLACE) if len(self.keys) == 1 else None
