"""Whether a scope that a request names is within what may be granted. RFC 6749 §3.3, §6."""

from wattshare.custodian.oauth.errors import InvalidScope
from wattshare.espi.scope import Scope
from wattshare.espi.scope_terms import read_terms


def within(asked: str | None, granted: str, *, strict: bool) -> None:
    """Let a scope pass that asks for no function block and no kind of data beyond the granted ones.

    An answer always carries the granted scope. What nobody understands is refused only where `strict`.

    Raises:
        InvalidScope: it asks for more, or it is not understood.
    """
    if asked is None or asked == granted:
        return
    if strict and any(remark.oddity.lost for remark in read_terms(asked).remarks):
        raise InvalidScope("The scope is not understood.", field="scope")
    wish, held = Scope.read(asked), Scope.read(granted)
    named = wish.kinds if wish.value("AdditionalScope") is not None else frozenset()
    if not set(wish.function_blocks) <= set(held.function_blocks) or not named <= held.kinds:
        raise InvalidScope("The scope is more than may be granted.", field="scope")
