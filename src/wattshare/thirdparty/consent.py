"""A customer's part of a connection, without a screen: signs in, ticks, presses the button that shares.

For rehearsals against a sandbox, whose customers are nobody. It reads forms as they come and knows no page.
"""

from dataclasses import dataclass, field

from wattshare.thirdparty.browser import Browser, Form, Lost, Page, tick_all

# a sign-in page, a consent page, and pages between them
MOST_PAGES = 8
SHARE = ("share", "allow", "agree", "approve", "authorize", "continue")
# on a page that says that it is done
BACK = ("go back", "back to", "return")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A customer who agrees to everything that is asked."""

    login: str
    password: str = field(repr=False)

    def agree(self, browser: Browser, url: str) -> str:
        """The address that the browser is sent back to at last.

        Raises:
            Lost: the pages show no form that leads on, or refuse the sign-in.
        """
        page, signed_in = browser.open(url), False
        for _ in range(MOST_PAGES):
            if page.arrived:
                return page.url
            if page.status >= 400:
                raise Lost(f"A page answered {page.status}: {page.words}")
            if form := sign_in_form(page):
                if signed_in:
                    raise Lost(f"The sign-in was refused: {page.words}")
                page, signed_in = self._sign_in(browser, page, form), True
            else:
                page = _share(browser, page)
        raise Lost(f"The pages do not come to an end: {page.words}")

    def _sign_in(self, browser: Browser, page: Page, form: Form) -> Page:
        name, password = form.first("text", "email", "search", ""), form.first("password")
        if name is None or password is None:
            raise Lost(f"The sign-in form has no place for a login: {page.words}")
        name.value, password.value = self.login, self.password
        return browser.submit(page, form, form.buttons[0] if form.buttons else None)


def sign_in_form(page: Page) -> Form | None:
    """The form with a place for a password; the guest's form beside it has none."""
    return next((form for form in page.forms if form.first("password")), None)


def _share(browser: Browser, page: Page) -> Page:
    for words in (SHARE, BACK):
        for form in page.forms:
            if button := form.button(*words):
                tick_all(form)
                return browser.submit(page, form, button)
    raise Lost(f"No button shares anything here: {page.words}")
