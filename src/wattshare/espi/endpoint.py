"""What a row of the endpoint table says. The rows are in `endpoints`."""

import enum
import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from wattshare.espi.kinds import Kind
from wattshare.espi.profile import Profile


class Root(enum.StrEnum):
    """Where a row's path begins."""

    RESOURCE = "resource"
    # what we add to the standard's resources
    OURS = "ours"
    OAUTH = "oauth"
    TEST_OAUTH = "test_oauth"
    # not ours: the address that a third party registered for notices
    THIRD_PARTY = "third_party"

    def path(self, profile: Profile) -> str:
        """The part of the path that the profile decides; empty for what is not ours."""
        match self:
            case Root.RESOURCE:
                return profile.resource_root
            case Root.OURS:
                return profile.own_root
            case Root.OAUTH:
                return profile.oauth_root
            case Root.TEST_OAUTH:
                return profile.test_oauth_root
            case Root.THIRD_PARTY:
                return ""


class Token(enum.StrEnum):
    """The class of bearer that a row asks for."""

    NONE = "none"
    # client id and secret
    BASIC = "basic"
    # a signed-in customer
    SESSION = "session"
    CLIENT = "client"
    # of one customer's authorization
    ACCESS = "access"
    REGISTRATION = "registration"


class Answer(enum.StrEnum):
    """The manner of a row's answer."""

    NOW = "now"
    # 202 now; a notice tells when the file can be fetched
    LATER = "later"
    REVOKE = "revoke"
    AUTHORIZE = "authorize"
    TOKEN = "token"  # noqa: S105 a word, not a secret
    # sent by us
    NOTICE = "notice"
    # 202: what was told is told again
    REPLAY = "replay"
    # an order is not wanted any more
    CANCEL = "cancel"


class Shape(enum.StrEnum):
    """What a row's answer shows."""

    SAMPLE = "sample"
    APPLICATION = "application"
    STATUS = "status"
    LOCAL_TIMES = "local_times"
    LOCAL_TIME = "local_time"
    AUTHORIZATIONS = "authorizations"
    AUTHORIZATION = "authorization"
    USAGE_POINTS = "usage_points"
    USAGE_POINT = "usage_point"
    READING_TYPES = "reading_types"
    READING_TYPE = "reading_type"
    SUMMARIES = "summaries"
    SUMMARY = "summary"
    METER_READINGS = "meter_readings"
    METER_READING = "meter_reading"
    BLOCKS = "blocks"
    BLOCK = "block"
    BATCH_USAGE_POINT = "batch_usage_point"
    BATCH_SUBSCRIPTION = "batch_subscription"
    BATCH_BULK = "batch_bulk"
    BATCH_CUSTOMER = "batch_customer"
    BATCH_BULK_CUSTOMERS = "batch_bulk_customers"
    BATCH_PROGRAMS = "batch_programs"
    BATCH_BULK_PROGRAMS = "batch_bulk_programs"
    TEST_AUTHORIZE = "test_authorize"
    TEST_TOKEN = "test_token"  # noqa: S105 a word, not a secret
    AUTHORIZE = "authorize"
    TOKEN = "token"  # noqa: S105 a word, not a secret
    NOTICE = "notice"
    NOTICES = "notices"
    NOTICE_RECORD = "notice_record"
    NOTICE_KEYS = "notice_keys"
    OUTAGES = "outages"
    ORDER = "order"


class Document(enum.StrEnum):
    """The form of a successful answer's body."""

    FEED = "feed"
    CUSTOMER_FEED = "customer_feed"
    ENTRY = "entry"
    # one ESPI element without Atom around it
    ELEMENT = "element"
    JSON = "json"
    EMPTY = "empty"


CUSTOMER_SHAPES = frozenset(
    {Shape.BATCH_CUSTOMER, Shape.BATCH_BULK_CUSTOMERS, Shape.BATCH_PROGRAMS, Shape.BATCH_BULK_PROGRAMS}
)
ENTRY_SHAPES = frozenset(
    {
        Shape.APPLICATION,
        Shape.LOCAL_TIME,
        Shape.AUTHORIZATION,
        Shape.USAGE_POINT,
        Shape.READING_TYPE,
        Shape.SUMMARY,
        Shape.METER_READING,
        Shape.BLOCK,
    }
)

# path parameters that name what the bearer belongs to: its authorization, its third party, its registration
OWN_PARAMETERS = ("authorization", "application", "subscription", "bulk", "retail_customer")
PARAMETER = re.compile(r"\{(\w+)\}")

EVERY_USER_TYPE = frozenset({"standard", "self_access", "ee_finance", "cca"})
# Self Access and community choice aggregators act on the client token alone
OAUTH_USER_TYPES = frozenset({"standard", "ee_finance"})
EVERY_ROLE = frozenset({"primary", "standalone", "partner"})

NO_KIND: frozenset[Kind] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One row: an address, who may ask, and what is answered."""

    # 1 to 30, as the utility's list of APIs counts them; from 101 on, what we add
    row: int
    name: str
    method: str = "GET"
    root: Root = Root.RESOURCE
    # below the root, with {names}
    path: str
    # other spellings in use, below the same root
    aliases: tuple[str, ...] = ()
    token: Token
    # other classes of bearer that may ask
    also: frozenset[Token] = frozenset()
    answer: Answer = Answer.NOW
    shape: Shape
    # the parts of the standard that describe it; a scope that opens the row holds them all
    function_blocks: tuple[int, ...]
    # whether published-* and updated-* are read; elsewhere every parameter is ignored
    window: bool = False
    # any of them opens the row: of the bearer's authorization, or, for a client token, of the third party's
    # registration, and then authorizations without one are left out. Empty: none is needed
    kinds: frozenset[Kind] = NO_KIND
    user_types: frozenset[str] = EVERY_USER_TYPE
    roles: frozenset[str] = EVERY_ROLE
    # a client token of the test endpoint opens it too
    test_token: bool = False
    sentence: str

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(PARAMETER.findall(self.path))

    @cached_property
    def names_authorization(self) -> str | None:
        """The path parameter that must be the bearer's own: authorization, third party or registration."""
        return next((name for name in self.parameters if name in OWN_PARAMETERS), None)

    @property
    def fetched_by(self) -> frozenset[Token]:
        """Who may fetch a prepared file of this row: the class of bearer that ordered it, or the client's."""
        return frozenset({self.token, Token.CLIENT}) if self.answer is Answer.LATER else frozenset()

    @cached_property
    def document(self) -> Document:
        """The form of its body, once there is one."""
        if self.root is Root.OURS:
            return Document.JSON
        match self.answer:
            case Answer.TOKEN:
                return Document.JSON
            case Answer.AUTHORIZE | Answer.REVOKE:
                return Document.EMPTY
            case Answer.NOTICE:
                return Document.ELEMENT
        if self.shape in CUSTOMER_SHAPES:
            return Document.CUSTOMER_FEED
        if self.shape in ENTRY_SHAPES:
            return Document.ENTRY
        return Document.ELEMENT if self.shape is Shape.STATUS else Document.FEED

    @property
    def successes(self) -> tuple[int, ...]:
        """The statuses that mean that all went well, those of a prepared file's fetch included."""
        match self.answer:
            case Answer.LATER:
                return (200, 202, 204)
            case Answer.AUTHORIZE:
                return (302,)
            case Answer.REPLAY:
                return (202,)
            case _:
                return (200, 204) if self.window else (200,)

    def template(self, profile: Profile) -> str:
        """The whole path with {names}. Row 8 has none of ours: `{notification_uri}`."""
        return self.root.path(profile) + self.path

    def alias_templates(self, profile: Profile) -> tuple[str, ...]:
        """The whole paths of its other spellings."""
        return tuple(self.root.path(profile) + alias for alias in self.aliases)

    def href(self, base: str, profile: Profile, **ids: object) -> str:
        """The absolute URL. `base` is scheme and host; the `=` of base64 ids stays as it is.

        Raises:
            KeyError: a parameter of the path is not among `ids`.
        """
        if self.root is Root.THIRD_PARTY:
            return str(ids["notification_uri"])
        named = {name: quote(str(ids[name]), safe="=") for name in self.parameters}
        return base + self.template(profile).format_map(named)
