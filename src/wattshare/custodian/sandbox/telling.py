"""What a sandbox tells of itself once it serves: `sandbox.json`, and what to do next."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wattshare.custodian.house import House
from wattshare.custodian.sandbox.equipment import CA
from wattshare.custodian.sandbox.home import FACTS, MAIL, NOTICES, SECRETS, Home
from wattshare.custodian.sandbox.households import HOUSEHOLDS
from wattshare.custodian.sandbox.parties import APPLICANTS, certificate_of
from wattshare.custodian.services.signing import SECRET

COMMAND = "wattshare"
RESOURCES, OAUTH = "/espi/1_1/resource", "/oauth/v2"
TOLD = (
    "name",
    "user_type",
    "third_party_id",
    "client_id",
    "client_secret",
    "certificate",
    "private_key",
    "redirect_uris",
    "notification_uri",
    "application_information_id",
    "registration_access_token",
    "role",
)


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Passwords, made once for a home: the store has them hashed."""

    # each a login and a password, by name or household
    operator: dict[str, str]
    third_parties: dict[str, dict[str, str]]
    customers: dict[str, dict[str, str]]
    # account number, phone and usage points, by household
    accounts: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, home: Home) -> "Secrets":
        """Those of a home."""
        return cls(**home.read_json(SECRETS))

    def keep(self, home: Home) -> None:
        """Write them down."""
        home.write(SECRETS, json.dumps(vars(self), indent=1))


def facts(house: House, home: Home) -> dict[str, Any]:
    """All that a program needs to talk to the sandbox. Paths are relative to its home."""
    base, profile, secrets = house.addresses.base, house.profile, Secrets.read(home)
    told: dict[str, Any] = {
        "base": base + profile.resource_root.removesuffix(RESOURCES),
        "oauth": base + profile.oauth_root.removesuffix(OAUTH),
        "portal": base,
        "ca": f"{CA}.pem",
        "mail": f"{MAIL}/",
        "notices": f"{NOTICES}/",
        "sign_in": {"issuer": house.settings.oidc_issuer, "name": house.settings.oidc_name},
        "operator": secrets.operator,
        "third_parties": [third_party(house, applicant.wish.name, secrets) for applicant in APPLICANTS],
        "customers": [
            *({**secrets.customers[slug], **account, "household": slug} for slug, account in secrets.accounts.items()),
            *partners(secrets),
        ],
    }
    # who reads it takes PGE for granted
    return told if profile.name == "PGE" else {**told, "profile": profile.name}


def partners(secrets: Secrets) -> Iterator[dict[str, Any]]:
    """Who holds the account of a household too. A home that is older has none."""
    for household in HOUSEHOLDS:
        if household.partner is not None and household.partner.slug in secrets.customers:
            known = secrets.accounts[household.slug]
            yield {**secrets.customers[household.partner.slug], **known, "household": household.partner.slug}


def third_party(house: House, name: str, secrets: Secrets) -> dict[str, Any]:
    """One third party with its credentials."""
    party = house.registration.show(name).party
    known = house.third_party_facts(name, certificate_of(party))
    [notice_secret, *_] = house.delivery.signing.secrets(party.id)
    signed = {"notice_secret": f"{SECRET}{notice_secret.secret}"}
    return {key: known[key] for key in TOLD} | signed | secrets.third_parties[name]


def tell(house: House, home: Home) -> dict[str, Any]:
    """Write `sandbox.json`."""
    told = facts(house, home)
    home.write(FACTS, json.dumps(told, indent=1))
    return told


def what_next(told: dict[str, Any], home: Home, *, http: bool, command: str = COMMAND) -> str:
    """What somebody who has just started a sandbox may do; `command` is how the program is typed."""
    again = shlex.join((command, "tour", "--home", str(home.path)))
    person, party = told["customers"][0], told["third_parties"][0]
    trust = (
        ""
        if http
        else " ".join(
            (
                f" --cacert {home / told['ca']}",
                f"--cert {home / party['certificate']}",
                f"--key {home / party['private_key']}",
            )
        )
    )
    return "\n".join(
        (
            f"A whole utility is open at {told['portal']}; Ctrl-C closes it.",
            "",
            f"  resources  {told['base']}{RESOURCES}",
            f"  OAuth      {told['oauth']}{OAUTH}",
            f"  customer   {person['login']}  {person['password']}",
            f"  sign-in    {told['sign_in']['issuer']}, the utility's own",
            f"  all else   {home / FACTS}",
            "",
            "A client token of the first third party:",
            "",
            f"  curl -s{trust} -u {party['client_id']}:{party['client_secret']}"
            f" -d grant_type=client_credentials {told['oauth']}{OAUTH}/token",
            "",
            "All that a third party does, step by step:",
            "",
            f"  {again}",
            "",
        )
    )
