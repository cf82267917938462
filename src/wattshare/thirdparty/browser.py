"""A browser without a screen: fills in forms as a person would, whatever the pages look like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

from wattshare.thirdparty.errors import Failed

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_STEPS = 12
TYPED = frozenset({"text", "email", "tel", "password", "search", "number", "date", "url", ""})
VOID_FIELDS = frozenset({"button", "submit", "reset", "image", "file"})


class Lost(Failed):
    """The pages did not lead where a person would have come to."""


@dataclass(kw_only=True)
class Field:
    """One control of a form."""

    name: str
    type: str
    value: str
    checked: bool = False
    # of a button or a tick box: the words that stand on it or beside it
    label: str = ""


@dataclass(kw_only=True)
class Form:
    """One form of a page."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[Field] = field(default_factory=list)

    def first(self, *types: str) -> Field | None:
        """The first control of one of these types."""
        return next((each for each in self.fields if each.type in types), None)

    def button(self, *words: str) -> Field | None:
        """The first button that begins with one of the words; one that says don't does not."""
        return next(
            (each for each in self.buttons if (each.label or each.value).strip().lower().startswith(words)),
            None,
        )

    def values(self, pressed: Field | None) -> dict[str, list[str]]:
        """What is sent when a button is pressed. HTML, form submission: constructing the entry list."""
        sent: dict[str, list[str]] = {}
        for each in self.fields:
            if each.name and (each.type not in ("checkbox", "radio") or each.checked):
                sent.setdefault(each.name, []).append(each.value)
        if pressed and pressed.name:
            sent.setdefault(pressed.name, []).append(pressed.value)
        return sent


@dataclass(kw_only=True)
class Page:
    """What a browser stands before: a page with its forms, or the address that it was stopped at."""

    url: str
    status: int = 200
    title: str = ""
    text: str = ""
    forms: list[Form] = field(default_factory=list)
    # it left for the address that the visit waits for, which was not asked
    arrived: bool = False

    @property
    def words(self) -> str:
        """Its title and the beginning of its text, for a message."""
        return " ".join(f"{self.title}: {self.text}".split())[:300]


class PageReader(HTMLParser):
    """The forms of a page, and its words. Labels belong to controls by nesting or by `for`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.title = ""
        self.text: list[str] = []
        self._form: Form | None = None
        self._button: Field | None = None
        self._select: Field | None = None
        self._area: Field | None = None
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A control is taken up into the form that is open."""
        if tag in ("title", "script", "style"):
            self._inside.append(tag)
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(action=said.get("action", ""), method=said.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in said:
            self._control(tag, said, self._form)

    def handle_endtag(self, tag: str) -> None:
        """A form, a button or a choice ends."""
        if tag in self._inside:
            self._inside.remove(tag)
        match tag:
            case "form":
                self._form = None
            case "button":
                self._button = None
            case "select":
                self._select = None
            case "textarea":
                self._area = None

    def handle_data(self, data: str) -> None:
        """Words go to what they stand in."""
        if "title" in self._inside:
            self.title += data
        elif self._area is not None:
            self._area.value += data
        elif not self._inside:
            self.text.append(data)
            if self._button is not None:
                self._button.label += data

    def _control(self, tag: str, said: Mapping[str, str], form: Form) -> None:
        name = said.get("name", "")
        match tag:
            case "input" | "button":
                kind = said.get("type", "submit" if tag == "button" else "text").lower()
                value = said.get("value", "on" if kind in ("checkbox", "radio") else "")
                control = Field(name=name, type=kind, value=value, checked="checked" in said)
                if kind in VOID_FIELDS:
                    form.buttons += [control] if kind == "submit" else []
                    self._button = control if tag == "button" else None
                else:
                    form.fields.append(control)
            case "select":
                self._select = Field(name=name, type="select", value="")
                form.fields.append(self._select)
            case "option" if self._select is not None:
                if "selected" in said or not self._select.value:
                    self._select.value = said.get("value", "")
            case "textarea":
                self._area = Field(name=name, type="textarea", value="")
                form.fields.append(self._area)


class Browser:
    """A browser with cookies, that stops where the address begins with one that it was told to wait for."""

    def __init__(self, transport: httpx2.BaseTransport, *, waits_for: str) -> None:
        self._http = httpx2.Client(transport=transport, headers={"accept": "text/html,*/*;q=0.5"}, timeout=30)
        self._waits_for = waits_for

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def open(self, url: str) -> Page:
        """The page at an address, redirects followed."""
        return self._follow("GET", url, None)

    def submit(self, page: Page, form: Form, pressed: Field | None) -> Page:
        """The page that comes when a form is sent."""
        address = urljoin(page.url, form.action or page.url)
        values = form.values(pressed)
        if form.method == "post":
            return self._follow("POST", address, values, origin=_origin(page.url), referer=page.url)
        query = httpx2.QueryParams([(name, value) for name, many in values.items() for value in many])
        return self._follow("GET", f"{address.partition('?')[0]}?{query}", None)

    def _follow(
        self,
        method: str,
        url: str,
        form: Mapping[str, Iterable[str]] | None,
        origin: str = "",
        referer: str = "",
    ) -> Page:
        for _ in range(MOST_STEPS):
            if self._is_awaited(url):
                return Page(url=url, arrived=True)
            headers = {"origin": origin, "referer": referer, "sec-fetch-site": "same-origin"} if origin else {}
            try:
                response = self._http.request(method, url, data=form, headers=headers)
            except httpx2.TransportError as error:
                raise Lost(f"{url.partition('?')[0]} cannot be reached: {error}") from error
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                return _page(response)
            url = urljoin(url, response.headers["location"])
            if response.status_code not in (307, 308):
                method, form, origin = "GET", None, ""
        raise Lost(f"The pages lead in a circle, at last to {url.partition('?')[0]}.")

    def _is_awaited(self, url: str) -> bool:
        awaited, here = urlsplit(self._waits_for), urlsplit(url)
        return (here.scheme, here.netloc, here.path) == (awaited.scheme, awaited.netloc, awaited.path)


def tick_all(form: Form) -> None:
    """Tick every box, and choose the first of each group that has none chosen."""
    chosen = {each.name for each in form.fields if each.type == "radio" and each.checked}
    for each in form.fields:
        if each.type == "checkbox":
            each.checked = True
        elif each.type == "radio" and each.name not in chosen:
            each.checked = True
            chosen.add(each.name)


def _page(response: httpx2.Response) -> Page:
    reader = PageReader()
    reader.feed(response.text)
    return Page(
        url=str(response.url),
        status=response.status_code,
        title=reader.title.strip(),
        text=" ".join(" ".join(reader.text).split()),
        forms=reader.forms,
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
