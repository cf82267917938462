"""Codes and tokens: asked for, issued, shown, ended. RFC 6749, 6750, 7009, 7636, 7662, 8414, 8705."""

from wattshare.custodian.services.tokens.tokens import Tokens
from wattshare.custodian.services.tokens.values import OpenData, PassedOAuth, TokenAnswer, TokenRequest

__all__ = ["OpenData", "PassedOAuth", "TokenAnswer", "TokenRequest", "Tokens"]
