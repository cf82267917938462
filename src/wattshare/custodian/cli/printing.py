"""How the operator's commands print: facts for people, or the same facts as JSON."""

from rich.console import Console
from rich.markup import escape

from wattshare.custodian.cli.failing import fail, failing, print_json

__all__ = ["err", "escape", "fail", "failing", "out", "print_json"]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
