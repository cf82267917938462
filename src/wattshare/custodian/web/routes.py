"""Which handler answers which path: the rows of the endpoint table, and what we have besides.

The path model is here and nowhere else: a path is taken apart and decoded once.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from starlette.routing import compile_path

from wattshare.custodian.web.call import Handler, Quick
from wattshare.custodian.web.errors import NoListener, WrongMethod
from wattshare.espi.endpoints import EVERY, Endpoint, Root, Shape, Token
from wattshare.espi.profile import Profile

# "%" without two digits, an encoded slash, backslash or control character
UNFIT = re.compile(rb"%(?![0-9a-f]{2})|%(?:2f|5c|[01][0-9a-f]|7f)", re.IGNORECASE)

# paths that are remembered, and how long they are at most
KEPT, USUAL = 4_096, 256
# as nearly every path is; no segment of it begins with a dot
PLAIN = re.compile(rb"(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One path and method. No route without the class of bearer that it asks for."""

    # with {names}, and at the end maybe {name:path}
    path: str
    method: str = "GET"
    token: Token
    handler: Handler = field(repr=False)
    # asked first
    quick: Quick | None = field(default=None, repr=False)
    # not in Allow: the method is there to be refused in words of its own
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Place:
    """One path with its methods."""

    template: str
    pattern: re.Pattern[str]
    methods: Mapping[str, Route]

    @property
    def open_end(self) -> bool:
        """Whether its last parameter takes any number of segments."""
        return ":path}" in self.template

    def allowed(self) -> tuple[str, ...]:
        """The methods in the order of Allow."""
        taken = {method for method, route in self.methods.items() if not route.refused}
        return tuple(sorted({*taken, *(("HEAD",) if "GET" in taken else ())}))


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a request goes, with the parameters of its path."""

    route: Route
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Routes:
    """Every path that is answered."""

    places: tuple[Place, ...]
    # those that may match a path of so many segments; None: of any other number
    by_length: dict[int | None, tuple[Place, ...]] = field(init=False, repr=False, compare=False)
    # where requests went lately, by method and path; of paths that are not too long
    known: dict[tuple[str, bytes], Found] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort them, so that a path is compared with few."""
        lengths = {None if place.open_end else place.template.count("/") for place in self.places}
        for_any = tuple(place for place in self.places if place.open_end)
        sorted_ = {
            length: tuple(place for place in self.places if place.open_end or place.template.count("/") == length)
            for length in lengths - {None}
        }
        object.__setattr__(self, "by_length", {None: for_any, **sorted_})

    def find(self, method: str, raw_path: bytes) -> Found:
        """The route of a request. HEAD is GET without its body.

        Raises:
            NoListener: nothing is at this path, or it cannot be one of ours.
            WrongMethod: the path takes other methods.
        """
        if len(raw_path) > USUAL:
            return self._find(method, raw_path)
        found = self.known.get((method, raw_path))
        if found is None:
            found = self._find(method, raw_path)
            if len(self.known) >= KEPT:
                self.known.clear()
            self.known[method, raw_path] = found
        return found

    def _find(self, method: str, raw_path: bytes) -> Found:
        path = normal(raw_path)
        for place in self.by_length.get(path.count("/"), self.by_length[None]):
            if match := place.pattern.match(path):
                route = place.methods.get("GET" if method == "HEAD" else method)
                if route is None:
                    raise WrongMethod(method, place.allowed())
                return Found(route=route, parameters=match.groupdict())
        raise NoListener


def normal(raw_path: bytes) -> str:
    """The path decoded once, without empty segments.

    Raises:
        NoListener: it has dot segments, encoded slashes, control characters, or is no UTF-8.
    """
    if PLAIN.fullmatch(raw_path):
        return raw_path.decode()
    if UNFIT.search(raw_path):
        raise NoListener
    try:
        segments = [unquote_to_bytes(part).decode() for part in raw_path.split(b"/") if part]
    except UnicodeDecodeError:
        raise NoListener from None
    if any(part in (".", "..") or not part.isprintable() for part in segments):
        raise NoListener
    return "/" + "/".join(segments)


def routes(
    profile: Profile,
    handlers: Mapping[Endpoint, Handler],
    more: Iterable[Route] = (),
    *,
    quick: Mapping[Endpoint, Quick] | None = None,
    complete: bool = True,
) -> Routes:
    """The routes of the table and of what we add to it. `quick`: what is asked before a row's handler.

    Raises:
        ValueError: a row has no handler (unless not `complete`), or a path and method are there twice.
    """
    missing = [row.name for row in EVERY if row.root is not Root.THIRD_PARTY and row not in handlers]
    if missing and complete:
        raise ValueError(f"no handler for {', '.join(missing)}")
    asked = quick or {}
    table = (route for row, handler in handlers.items() for route in of_row(row, profile, handler, asked.get(row)))
    places: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in (*table, *more):
        methods = places[folded(route.path)]
        if route.method in methods:
            raise ValueError(f"two handlers for {route.method} {route.path}")
        methods[route.method] = route
    return Routes(tuple(placed(methods) for methods in places.values()))


def of_row(row: Endpoint, profile: Profile, handler: Handler, quick: Quick | None = None) -> Iterator[Route]:
    """A row's path and its other spellings; what differs by case alone is one."""
    if row.root is Root.THIRD_PARTY:
        raise ValueError(f"{row.name} is not ours to answer")
    legacy = (profile.legacy_authorize,) if row.shape is Shape.AUTHORIZE else ()
    spellings = (row.template(profile), *row.alias_templates(profile), *legacy)
    for path in {folded(path): path for path in reversed(spellings)}.values():
        yield Route(path=path, method=row.method, token=row.token, handler=handler, quick=quick)


def folded(path: str) -> str:
    """What a path is known by: case does not count in it, nor the names of its parameters."""
    return re.sub(r"\{\w+(:\w+)?\}", r"{\1}", path).lower()


def placed(methods: Mapping[str, Route]) -> Place:
    """One path, matched in whatever case."""
    template, *others = (route.path for route in methods.values())
    pattern = compile_path(template)[0]
    if any(compile_path(other)[0].groupindex != pattern.groupindex for other in others):
        raise ValueError(f"the methods of {template} name its parameters differently")
    return Place(template=template, pattern=re.compile(pattern.pattern, re.IGNORECASE), methods=methods)
