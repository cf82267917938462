"""The parts of the documentation that mirror tables of the code, as Markdown."""

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

from structlog.testing import capture_logs

from docs import printed_notices, printed_store
from docs.markdown import code, listed, states, table, yes
from wattshare.custodian import logs, settings
from wattshare.custodian.formats.remarks import SENTENCES
from wattshare.custodian.formats.tables.records import KINDS
from wattshare.custodian.formats.tables.units import UNITS
from wattshare.custodian.model import authorization, errors, parties, work
from wattshare.custodian.oauth import errors as oauth_errors
from wattshare.custodian.web import errors as web_errors
from wattshare.custodian.web.call import Call
from wattshare.espi import scope
from wattshare.espi.deviations import DEVIATIONS, RULES
from wattshare.espi.endpoints import ADDITIONS, ENDPOINTS, Answer, Endpoint, Root, Token
from wattshare.espi.function_blocks import FUNCTION_BLOCKS, GRANTED_FOR, IMPLIED
from wattshare.espi.kinds import Kind, in_order
from wattshare.espi.profile import PGE, PROFILES

ANSWERS = {
    Answer.NOW: "now",
    Answer.LATER: "202, a notice, a file",
    Answer.REVOKE: "now",
    Answer.AUTHORIZE: "redirect",
    Answer.TOKEN: "now",
    Answer.NOTICE: "sent by us",
    Answer.REPLAY: "202, a notice",
}
# what the path's own id must be
OWN = {
    "application": "its own registration",
    "authorization": "an authorization of its own",
    "subscription": "the token's authorization",
    "retail_customer": "the token's authorization",
    "bulk": "its own ThirdPartyID",
}
SERVICES = {0: "electricity", 1: "gas"}


def said(kind: type[BaseException]) -> str:
    """The docstring of a refusal, which is its message."""
    return inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]


# endpoints


def where(row: Endpoint) -> str:
    """A row's path as the profile PGE has it."""
    return row.template(PGE) if row.root is not Root.THIRD_PARTY else "the registered notification URI"


def endpoints() -> str:
    """Every row of the table, as a caller sees it."""
    heads = ("row", "verb", "path", "token", "answer", "what it is")
    return table(
        heads,
        (
            (row.row, row.method, code(where(row)), row.token.value, ANSWERS[row.answer], row.sentence)
            for row in ENDPOINTS
        ),
    )


def additions() -> str:
    """Every row that we add."""
    heads = ("row", "verb", "path", "token", "name", "what it is")
    return table(
        heads,
        ((row.row, row.method, code(where(row)), row.token.value, code(row.name), row.sentence) for row in ADDITIONS),
    )


def endpoint_details() -> str:
    """Every row of the table, in particular."""
    heads = ("row", "name", "kinds", "function blocks", "window", "form", "successes", "other spellings")
    return table(
        heads,
        (
            (
                row.row,
                code(row.name),
                ", ".join(in_order(row.kinds)),
                ", ".join(map(str, row.function_blocks)),
                yes(row.window),
                row.document.value.replace("_", " "),
                ", ".join(map(str, row.successes)),
                listed(row.alias_templates(PGE)),
            )
            for row in ENDPOINTS
        ),
    )


def who_may_see() -> str:
    """What a bearer needs for each resource."""
    heads = ("row", "path", "token", "the id in the path", "one of these kinds", "user types", "roles")
    rows = (row for row in ENDPOINTS if row.root is Root.RESOURCE)
    more = (row for row in ADDITIONS if row.token is not Token.NONE)
    return table(
        heads,
        (
            (
                row.row,
                code(f"{row.method} {row.path}"),
                opened_by(row),
                OWN[row.names_authorization] if row.names_authorization else "",
                ", ".join(in_order(row.kinds)) or "none needed",
                some(row.user_types, parties.UserType),
                some(row.roles, parties.Role),
            )
            for row in (*rows, *more)
        ),
    )


def some(words: frozenset[str], known: Iterable[str]) -> str:
    """Some of the words that there are; "every" for all of them."""
    return "every" if words >= set(known) else ", ".join(sorted(words))


def opened_by(row: Endpoint) -> str:
    """The classes of token that open a row."""
    test = ", or client of the test endpoint" if row.test_token else ""
    fetched = sorted(token.value for token in row.fetched_by - {row.token})
    return row.token.value + test + "".join(f"; its files {token} too" for token in fetched)


# states


def authorization_states() -> str:
    """The life of an authorization; one without OAuth begins active."""
    begins = (authorization.State.CONSENTED, authorization.State.ACTIVE)
    return states(authorization.MOVES, begins)


def endings() -> str:
    """Why an authorization ends."""
    return listed(authorization.Ending)


def batch_states() -> str:
    """The life of a batch."""
    return states(work.BATCH_MOVES, (work.BatchState.ORDERED,))


def standing_states() -> str:
    """The life of a registration."""
    return states(parties.MOVES, (parties.ThirdParty.standing,))


# settings


def every_setting() -> str:
    """Every setting with its default."""
    heads = ("name", "environment variable", "default", "what it is")
    found = settings.Settings.model_fields
    return table(
        heads,
        (
            (code(name), code(settings.PREFIX + name.upper()), code(default_of(name)), field.description)
            for name, field in found.items()
        ),
    )


def default_of(name: str) -> str:
    """The default of a setting, as it is written."""
    if name == "database_url":
        return settings.default_database({"home": Path("<home>")})
    return settings.shown(settings.Settings.model_fields[name].default)


# import


def deviations() -> str:
    """What files may do that the standard does not say."""
    heads = ("name", "where", "what it is", "strictly", "with `--lenient`", "what becomes of it")
    return table(
        heads,
        (
            (
                code(row.code),
                row.level.value,
                row.sentence.replace("{name}", "X"),
                row.strict.value,
                row.lenient.value,
                row.outcome,
            )
            for row in DEVIATIONS
        ),
    )


def rules() -> str:
    """What no file may do."""
    return table(("name", "what it is"), ((code(rule), told.replace("{name}", "X")) for rule, told in RULES.items()))


def remarks() -> str:
    """What is odd about how a file's parts hang together."""
    return table(("name", "what it is"), ((code(remark), told) for remark, told in SENTENCES.items()))


# errors


def refusals() -> str:
    """Every refusal of the house, with the answer that it becomes."""
    samples: tuple[Exception, ...] = (
        errors.BadRequest(),
        errors.NoCertificate(),
        errors.WrongCertificate(),
        errors.NoBearer(),
        errors.UnknownBearer(),
        errors.NotCovered(),
        errors.Unknown(),
        errors.Expired(),
        errors.Withdrawn(),
        web_errors.NoListener(),
        web_errors.WrongMethod("PUT", ("GET", "HEAD")),
        web_errors.TooSlow(),
        errors.Conflict(),
        web_errors.OtherVersion(),
        web_errors.TooLarge(),
        web_errors.WrongEncoding(),
        web_errors.NotInFile(100),
        web_errors.WrongHost(),
        errors.TooMany(retry_after=1, policy=("second", 1, 1)),
        web_errors.HeadersTooLarge(),
        errors.Unavailable(),
    )
    heads = ("status", "`error`", "refusal", "what it says", "headers")
    return table(heads, sorted(answered(fault) for fault in samples))


def answered(fault: Exception) -> tuple[str, str, str, str, str]:
    """A refusal's line: what the table of statuses makes of it."""
    with capture_logs():
        response = web_errors.answer(fault, Call(method="GET", path_text="/x"))
    body = response.body if isinstance(response.body, bytes) else b""
    read = json.loads(body) if body.startswith(b"{") else None
    word = "" if read is None else code(read.get("error", ""))
    told = code(body.decode()) if read is None else read.get("error_description", "")
    headers = ", ".join(sorted({name for name, _ in response.headers}))
    return str(response.status), word, type(fault).__name__, told, headers


def oauth_refusals() -> str:
    """The refusals of the OAuth endpoints."""
    first = oauth_errors.OAuthRefusal
    known = [kind for kind in vars(oauth_errors).values() if isinstance(kind, type) and issubclass(kind, first)]
    heads = ("`error`", "refusal", "what it says where nothing else is said")
    return table(heads, ((code(kind.code), kind.__name__, said(kind)) for kind in known if kind is not first))


# scopes


def kinds() -> str:
    """The kinds of data, with the blocks and the rows that each brings."""
    heads = ("kind", "in a scope string", "function blocks that it brings", "rows that it opens")
    return table(
        heads,
        (
            (
                code(kind),
                code(f"AdditionalScope={kind.term}"),
                ", ".join(f"{block}{on(block)}" for block, (need, _) in GRANTED_FOR.items() if kind in need),
                ", ".join(str(row.row) for row in ENDPOINTS if kind in row.kinds),
            )
            for kind in Kind
        ),
    )


def on(block: int) -> str:
    """The services to which a block is tied."""
    services = sorted(GRANTED_FOR[block][1])
    return f" ({' or '.join(SERVICES[service] for service in services)})" if services else ""


def function_blocks() -> str:
    """Every function block, and what it is to us."""
    heads = ("block", "what it is", "in scopes of `PGE`", "rows", "implies")
    return table(
        heads,
        (
            (
                block,
                sentence,
                granted(block),
                ", ".join(str(row.row) for row in ENDPOINTS if block in row.function_blocks),
                ", ".join(in_order(IMPLIED.get(block, ()))),
            )
            for block, sentence in FUNCTION_BLOCKS.items()
        ),
    )


def granted(block: int) -> str:
    """When a scope of the default profile holds a block."""
    if block in PGE.always_blocks:
        return "always"
    return "by what is shared" if block in PGE.shared_blocks else ""


def scope_examples() -> str:
    """Scopes as they are granted."""
    everything = tuple(Kind)
    cases = (
        ("usage, electricity", (Kind.USAGE,), (0,)),
        ("usage and bills, electricity and gas", (Kind.USAGE, Kind.BILLING), (0, 1)),
        ("everything, electricity and gas", everything, (0, 1)),
    )
    return "\n\n".join(f"{name}:\n\n```\n{example(shared, on)}\n```" for name, shared, on in cases)


def example(shared: Iterable[Kind], services: Iterable[int]) -> str:
    """One scope of a third party with the ThirdPartyID 50001."""
    given = scope.grant(
        shared,
        on := tuple(services),
        history_seconds=PGE.history_seconds,
        accounts=len(on),
        third_party_id=50001,
        profile=PGE,
    )
    return given.write()


# profiles


def profiles() -> str:
    """What the profiles say, where they differ."""
    first, second = PROFILES.values()
    pairs = ((field.name, getattr(first, field.name), getattr(second, field.name)) for field in fields(first))
    return table(
        ("field", first.name, second.name),
        ((code(name), shown(one), shown(other)) for name, one, other in pairs if one != other),
    )


def shown(value: object) -> str:
    """A field of a profile."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return listed(value) if isinstance(value, tuple) else code(value)


# logs


def log_fields() -> str:
    """The keys that a line of the log may have."""
    return listed(sorted(logs.ALLOWED))


def record_columns() -> str:
    """The columns of the tables of customers and what is theirs."""
    parts = []
    for kind in KINDS:
        rows = ((code(one.name), yes(one.required), one.sentence, code(one.example)) for one in kind.cells)
        parts.append(f"### {kind.name}\n\n{kind.sentence}\n\n{table(('column', 'needed', 'what', 'as'), rows)}")
    return "\n\n".join(parts)


def units() -> str:
    """Every unit that is known, by what it measures."""
    by_unit: dict[str, list[str]] = {}
    for word, one in UNITS.items():
        power = f"10^{one.power} " if one.power else ""
        by_unit.setdefault(f"{power}{one.symbol.name}", []).append(word)
    return table(("words", "are"), ((listed(words), what) for what, words in by_unit.items()))


BLOCKS: dict[str, Callable[[], str]] = {
    **printed_notices.BLOCKS,
    "endpoints": endpoints,
    "additions": additions,
    "endpoint-details": endpoint_details,
    "who-may-see": who_may_see,
    "authorization-states": authorization_states,
    "endings": endings,
    "batch-states": batch_states,
    "standing-states": standing_states,
    "settings": every_setting,
    "deviations": deviations,
    "rules": rules,
    "record-columns": record_columns,
    "remarks": remarks,
    "units": units,
    "refusals": refusals,
    "oauth-refusals": oauth_refusals,
    "kinds": kinds,
    "function-blocks": function_blocks,
    "scope-examples": scope_examples,
    "profiles": profiles,
    "log-fields": log_fields,
    "purposes": printed_store.purposes,
    "distribution": printed_store.distribution,
}
