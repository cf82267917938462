"""What a third party may still ask, in headers of every answer. draft-ietf-httpapi-ratelimit-headers."""

from dataclasses import replace

from wattshare.custodian.model.budget import Budget
from wattshare.custodian.web.call import Response


def with_budgets(response: Response, budgets: tuple[Budget, ...]) -> Response:
    """An answer that tells them; as it is where nothing is counted."""
    if not budgets:
        return response
    policy = ", ".join(f'"{one.name}";q={one.most};w={one.seconds}' for one in budgets)
    left = ", ".join(f'"{one.name}";r={one.left};t={one.ends_in}' for one in budgets)
    return replace(response, headers=(*response.headers, ("RateLimit-Policy", policy), ("RateLimit", left)))
