"""What a feed has told already."""


class Told:
    """The hrefs already sent in this feed: a shared object stands once in it."""

    def __init__(self) -> None:
        """Start with nothing told."""
        self._hrefs: set[str] = set()

    def first(self, href: str) -> bool:
        """Whether this is the first time, which it then no longer is."""
        if href in self._hrefs:
            return False
        self._hrefs.add(href)
        return True
