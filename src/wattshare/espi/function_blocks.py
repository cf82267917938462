"""The standard's function blocks: the numbered parts that a scope string names."""

from collections.abc import Iterable

from wattshare.espi.kinds import CUSTOMER, METERED, Kind

FUNCTION_BLOCKS: dict[int, str] = {
    1: "What every feed has: ids, usage points, local time.",
    2: "Download My Data: a file that the customer fetches.",
    3: "Connect My Data: feeds that a third party fetches with the customer's permission.",
    4: "Readings at regular intervals.",
    5: "Electricity intervals.",
    6: "Electric demand.",
    7: "Net electricity: delivered less received.",
    8: "Electricity delivered and received, each of its own.",
    9: "Register readings.",
    10: "Gas intervals.",
    11: "Water intervals.",
    12: "The cost of each interval.",
    13: "Security and privacy.",
    14: "Authorization with a scope agreed beforehand.",
    15: "Usage summaries: what was used in a billing period.",
    16: "Usage summaries with costs: what was billed.",
    17: "Power quality summaries.",
    18: "Several usage points in one authorization.",
    19: "Updates that hold only what is new.",
    20: "Third party: reads data as it should.",
    22: "Third party: secure transport.",
    23: "Third party: asks for authorization as it should.",
    26: "Details of a bill.",
    27: "Usage summaries with demands and the previous day.",
    28: "Usage summaries with the costs of the current period.",
    29: "Temperature intervals.",
    30: "Download My Data: what the customer sees.",
    31: "Authorization with a scope that the customer chooses.",
    32: "Each resource at an address of its own.",
    33: "Management of resources.",
    34: "Bulk files by SFTP.",
    35: "Bulk feeds of all authorizations of a third party.",
    36: "Registration of third parties by themselves.",
    37: "Windows: query parameters that say from when to when.",
    38: "Feeds on demand.",
    39: "Notices when something new can be fetched.",
    40: "Authorization given outside the web.",
    41: "Management of a registration.",
    42: "Third party: receives notices.",
    43: "Third party: manages its resources.",
    44: "Management of authorizations.",
    46: "Customer information: names, accounts, agreements, places.",
    47: "Bulk feeds of customer information.",
    48: "Bulk files of customer information by SFTP.",
    49: "Management of customer information.",
    50: "Each customer resource at an address of its own.",
    51: "Customer information: what every feed has.",
    52: "Customer information as a file that the customer fetches.",
    53: "Customer information that a third party fetches.",
    54: "Customers: basic facts.",
    55: "Customers: demographic facts.",
    56: "Customers: billing.",
    57: "Accounts and agreements.",
    58: "Service locations.",
    59: "Service suppliers.",
    60: "Meters.",
    61: "End devices.",
    62: "Programmes and their dates.",
    63: "Customer information: what the customer sees.",
    64: "Customer information: security and privacy.",
    65: "Customer information: a scope that the customer chooses.",
    66: "Customer information: bulk files by SFTP.",
    67: "Customer information: bulk feeds.",
    69: "Customer information: notices.",
    70: "Customer information: authorization given outside the web.",
    71: "Bills as statements.",
    99: "Tests without a block of their own.",
}

# ServiceKind numbers that a scope tells apart
ELECTRICITY, GAS = 0, 1
USAGE = frozenset({Kind.USAGE})
BILLING = frozenset({Kind.BILLING})

# the blocks that depend on what is shared: any of these kinds, on any of these services (none named: on any)
GRANTED_FOR: dict[int, tuple[frozenset[Kind], frozenset[int]]] = {
    4: (USAGE, frozenset({ELECTRICITY, GAS})),
    5: (USAGE, frozenset({ELECTRICITY})),
    10: (METERED, frozenset({GAS})),
    15: (METERED, frozenset()),
    16: (BILLING, frozenset()),
    46: (CUSTOMER, frozenset()),
    47: (CUSTOMER, frozenset()),
}

# what a scope that names blocks but no kinds can only mean
IMPLIED: dict[int, frozenset[Kind]] = {
    **dict.fromkeys((4, 5, 6, 7, 9, 10, 11, 12, 15, 29), USAGE),
    **dict.fromkeys((16, 27, 28), BILLING),
    **dict.fromkeys((46, 47, 50, 51, 53, 54), frozenset({Kind.BASIC, Kind.ACCOUNT})),
    56: frozenset({Kind.ACCOUNT}),
    57: frozenset({Kind.ACCOUNT}),
    62: frozenset({Kind.PROGRAM_ENROLLMENT}),
}


def granted(block: int, kinds: Iterable[Kind], services: Iterable[int]) -> bool:
    """Whether a block of GRANTED_FOR goes with these kinds on these services (ServiceKind numbers)."""
    wanted, on = GRANTED_FOR[block]
    return not wanted.isdisjoint(kinds) and (not on or not on.isdisjoint(services))


def implied(blocks: Iterable[int]) -> frozenset[Kind]:
    """The kinds of data that the blocks are about."""
    return frozenset().union(*(IMPLIED.get(block, frozenset()) for block in blocks))
