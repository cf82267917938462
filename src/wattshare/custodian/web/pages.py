"""Draws pages from templates in the reader's language, under a strict Content-Security-Policy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from wattshare.custodian.services.tongues import Tongue, Tongues
from wattshare.custodian.web import names
from wattshare.custodian.web.brand import LOGO_POLICY, Brand, Logo
from wattshare.custodian.web.call import Call, Handler, Response
from wattshare.custodian.web.errors import NoListener

STATIC = PackageLoader("wattshare.custodian.web", "static")
TYPES = {"css": "text/css;charset=utf-8", "svg": "image/svg+xml", "js": "text/javascript;charset=utf-8"}
LANGUAGE = "wattshare-language"
# before the end of a session
WARNED_SECONDS = 120
KEPT = ("Cache-Control", "public, max-age=3600")
FILTERS = (names.cut, names.apart, names.linked, names.number, names.mail, names.contact, names.code)


def policy(redirect_to: str | None, *, script: bool = False) -> str:
    """What a page may load and where its forms may lead: the redirect after a form counts as form-action too."""
    forms = "'self'"
    if redirect_to is not None:
        parts = urlsplit(redirect_to)
        forms += f" {parts.scheme}://{parts.netloc}"
    scripts = "script-src 'self'; " if script else ""
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
    )


@lru_cache(maxsize=64)
def environment(tongue: Tongue) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=PackageLoader("wattshare.custodian.web"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # whatever a template prints
        finalize=lambda value: names.plain(value) if type(value) is str else value,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        tongue.texts.gettext, tongue.texts.ngettext, newstyle=True
    )
    made.globals |= {"tongue": tongue}
    made.filters |= {each.__name__: each for each in FILTERS}
    return made


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The utility's pages."""

    utility: str
    phone: str
    email: str
    zone: ZoneInfo
    tongues: Tongues = field(default_factory=Tongues.of)
    brand: Brand = field(default_factory=Brand)
    secure: bool = True
    # who is really at the browser, and for whom they act
    acting: Callable[[Call], tuple[str, str] | None] = lambda _: None
    # after which an idle browser is signed out
    session_seconds: int = 1_800

    def tongue(self, call: Call) -> Tongue:
        """The language of whoever is at the browser."""
        return self.tongues.wanted(call.cookies.get(self.cookie), call.headers.get("accept-language", ""))

    @property
    def cookie(self) -> str:
        """The name of the cookie that keeps the language for as long as the browser is open."""
        return f"__Host-{LANGUAGE}" if self.secure else LANGUAGE

    def draw(
        self,
        call: Call,
        template: str,
        *,
        status: int = 200,
        redirect_to: str | None = None,
        script: bool = False,
        **values: Any,
    ) -> Response:
        """Fill a template. `script`: the page may run scripts of our own."""
        tongue = self.tongue(call)
        html = (
            environment(tongue)
            .get_template(template)
            .render(
                utility=self.utility,
                phone=self.phone,
                email=self.email,
                brand=self.brand,
                languages=self.languages(call, tongue),
                acting=self.acting(call),
                # who is signed in has a form on the page, and is warned
                **{"reference": None, "leave": None, "form_token": None, "warned": "form_token" in values, **values},
            )
        )
        headers = (("Content-Security-Policy", policy(redirect_to, script=script)), ("Content-Language", tongue.code))
        return Response.page(html, status=status, headers=headers)

    def languages(self, call: Call, present: Tongue) -> list[tuple[str, str, str | None]]:
        """Code, name and link of each language; the present one has no link."""
        back = quote(here(call), safe="")
        return [
            (tongue.code, tongue.name, None if tongue is present else f"/sharing/language?to={tongue.code}&back={back}")
            for tongue in self.tongues.every
        ]

    def choose_language(self, call: Call) -> Response:
        """Go on in another language."""
        tongue = self.tongues.by_code.get(call.query.first("to") or "", self.tongues.every[0])
        answer = Response.redirect(local(call.query.first("back") or "/"))
        return answer.with_cookie(self.cookie, tongue.code, secure=self.secure)

    def message(
        self,
        call: Call,
        heading: str,
        told: str,
        *,
        status: int,
        what_next: str | None = None,
        onward: tuple[str, str] | None = None,
        reference: str | None = None,
    ) -> Response:
        """A page that says what happened and what to do; `onward` is an address and the words of its link."""
        return self.draw(
            call,
            "message.html",
            status=status,
            heading=heading,
            told=told,
            next=what_next,
            onward=onward,
            reference=reference or call.correlation_id,
        )

    def front(self, call: Call) -> Response:
        """The first page."""
        return self.draw(call, "front.html", signed_out=call.query.first("signed_out") is not None)

    def style(self, call: Call) -> Response:
        """The stylesheet."""
        del call
        return static("wattshare.css")

    def file(self, name: str) -> Handler:
        """A handler that gives a file as it is."""

        def give(call: Call) -> Response:
            del call
            return static(name)

        return give

    def brand_style(self, call: Call) -> Response:
        """The utility's colours."""
        del call
        body = self.brand.style.encode()
        return Response(body=body, content_type=TYPES["css"], compressible=True, headers=(KEPT,))

    def time(self, call: Call) -> Response:
        """When somebody who is signed in is warned: a stylesheet, as pages run no scripts. WCAG 2.2, 2.2.1."""
        del call
        seconds = self.session_seconds - min(WARNED_SECONDS, self.session_seconds // 2)
        # pressed, it is due so many seconds later again: the session lasts that much longer at least
        body = f".ending {{ animation-delay: calc({seconds}s + var(--gone, 0) * {seconds}s); }}\n".encode()
        return Response(body=body, content_type=TYPES["css"], headers=(KEPT,))

    def logo(self, call: Call) -> Response:
        """The utility's logo."""
        return self._picture(call, self.brand.logo)

    def dark_logo(self, call: Call) -> Response:
        """The same for dark screens."""
        return self._picture(call, self.brand.dark_logo)

    @staticmethod
    def _picture(call: Call, logo: Logo | None) -> Response:
        del call
        if logo is None:
            raise NoListener
        headers = (KEPT, ("Content-Security-Policy", LOGO_POLICY))
        return Response(body=logo.body, content_type=logo.content_type, headers=headers)

    def icon(self, call: Call) -> Response:
        """The small picture of the site."""
        del call
        return static("icon.svg")


def static(name: str) -> Response:
    """A file that never changes while we run."""
    source, _, _ = STATIC.get_source(Environment(autoescape=True), name)
    return Response(
        body=source.encode(),
        content_type=TYPES[name.rpartition(".")[2]],
        compressible=True,
        headers=(KEPT,),
    )


def here(call: Call) -> str:
    """The address to come back to: that of this page, or of the one that a form would lead to."""
    if call.method in ("GET", "HEAD"):
        return call.path_text + (f"?{urlencode(call.query.pairs)}" if call.query.pairs else "")
    request_id = call.form.first("request")
    return f"/sharing/review?request={quote(request_id, safe='')}" if request_id else "/sharing"


def local(address: str) -> str:
    """An address of our own; the first page in place of any other."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return quote(address, safe="/?&=%+:;,@!$'()*~-._") if ours and address.isprintable() else "/"
