"""Draws pages from templates under a strict Content-Security-Policy."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from wattshare.custodian.services.consent import LAST_DAY
from wattshare.custodian.web import words
from wattshare.custodian.web.call import Call, Response

ENVIRONMENT = Environment(
    loader=PackageLoader("wattshare.custodian.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    # whatever a template prints
    finalize=lambda value: words.plain(value) if type(value) is str else value,
)
ENVIRONMENT.globals |= {"spelled": words.spelled, "last_day": LAST_DAY.isoformat()}
ENVIRONMENT.filters["cut"] = words.cut

STYLE = PackageLoader("wattshare.custodian.web", "static")


def policy(redirect_to: str | None) -> str:
    """What a page may load and where its forms may lead: the redirect after a form counts as form-action too."""
    forms = "'self'"
    if redirect_to is not None:
        parts = urlsplit(redirect_to)
        forms += f" {parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {forms}"
    )


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The utility's pages."""

    utility: str
    phone: str
    email: str
    zone: ZoneInfo

    def draw(self, template: str, *, status: int = 200, redirect_to: str | None = None, **values: Any) -> Response:
        """Fill a template."""
        html = ENVIRONMENT.get_template(template).render(
            utility=self.utility,
            phone=self.phone,
            email=self.email,
            **{"reference": None, **values},
        )
        return Response.page(html, status=status, headers=(("Content-Security-Policy", policy(redirect_to)),))

    def message(
        self,
        heading: str,
        told: str,
        *,
        status: int,
        reference: str | None = None,
        what_next: str | None = None,
        onward: tuple[str, str] | None = None,
    ) -> Response:
        """A page that says what happened and what to do; `onward` is an address and the words of its link."""
        return self.draw(
            "message.html",
            status=status,
            heading=heading,
            told=told,
            next=what_next,
            onward=onward,
            reference=reference,
        )

    def front(self, call: Call) -> Response:
        """The first page."""
        return self.draw("front.html", told="You are signed out." if call.query.first("signed_out") else None)

    def style(self, call: Call) -> Response:
        """The stylesheet."""
        del call
        source, _, _ = STYLE.get_source(ENVIRONMENT, "wattshare.css")
        return Response(
            body=source.encode(),
            content_type="text/css;charset=utf-8",
            compressible=True,
            headers=(("Cache-Control", "public, max-age=3600"),),
        )
