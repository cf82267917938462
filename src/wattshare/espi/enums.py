"""The numeric enumerations of the standard, by the names of their numbers. espi.xsd.

The numbers are names only: types hold plain `int`, since unlisted numbers are valid. The long ones are in
`units`, the enumerations of words in `words`; all may be had from here.
"""

import enum

from wattshare.espi.units import MeasurementKind, UnitMultiplier, UnitSymbol
from wattshare.espi.words import (
    AmiBillingReadyKind,
    AnodeType,
    ApnodeType,
    CustomerKind,
    EnrollmentStatus,
    GrantType,
    MediaType,
    MeterMultiplierKind,
    NotificationMethodKind,
    OAuthError,
    ProgramCodeKind,
    ProgramDateKind,
    ResponseType,
    SupplierKind,
    TokenEndPointMethod,
    TokenType,
    UsagePointConnectedKind,
)

__all__ = [
    "AccumulationBehaviour",
    "AmiBillingReadyKind",
    "AnodeType",
    "ApnodeType",
    "AuthorizationStatus",
    "CRUDOperation",
    "CommodityKind",
    "Currency",
    "CustomerKind",
    "DataCustodianApplicationStatus",
    "DataQualifier",
    "EnrollmentStatus",
    "FlowDirection",
    "GrantType",
    "ItemKind",
    "MeasurementKind",
    "MeasuringPeriod",
    "MediaType",
    "MeterMultiplierKind",
    "NotificationMethodKind",
    "OAuthError",
    "PhaseCode",
    "ProgramCodeKind",
    "ProgramDateKind",
    "QualityOfReading",
    "ResponseType",
    "ServiceKind",
    "ServiceStatusKind",
    "SupplierKind",
    "ThirdPartyApplicationStatus",
    "ThirdPartyApplicationType",
    "ThirdPartyApplicationUse",
    "TimeAttribute",
    "TokenEndPointMethod",
    "TokenType",
    "UnitMultiplier",
    "UnitSymbol",
    "UsagePointConnectedKind",
]


class ServiceKind(enum.IntEnum):
    """What a usage point is for. espi.xsd ServiceKind."""

    ELECTRICITY = 0
    GAS = 1
    WATER = 2
    TIME = 3
    HEAT = 4
    REFUSE = 5
    SEWERAGE = 6
    RATES = 7
    TV_LICENCE = 8
    INTERNET = 9
    WEATHER = 10


class CommodityKind(enum.IntEnum):
    """What is delivered, or what is metered. espi.xsd CommodityKind."""

    NONE = 0
    ELECTRICITY_SECONDARY_METERED = 1
    ELECTRICITY_PRIMARY_METERED = 2
    COMMUNICATION = 3
    AIR = 4
    INSULATIVE_GAS = 5
    INSULATIVE_OIL = 6
    NATURAL_GAS = 7
    PROPANE = 8
    POTABLE_WATER = 9
    STEAM = 10
    WASTE_WATER = 11
    HEATING_FLUID = 12
    COOLING_FLUID = 13
    RECLAIMED_WATER = 14
    NOX = 15
    SO2 = 16
    CH4 = 17
    CO2 = 18
    CARBON = 19
    HCH = 20
    PFC = 21
    SF6 = 22
    TV_LICENCE = 23
    INTERNET = 24
    REFUSE = 25
    ELECTRICITY_TRANSMISSION_METERED = 26


class FlowDirection(enum.IntEnum):
    """Which way it flows, by quadrants of active and reactive power. espi.xsd FlowDirectionKind."""

    NONE = 0
    FORWARD = 1
    LAGGING = 2
    LEADING = 3
    NET = 4
    Q1PLUS_Q2 = 5
    Q1PLUS_Q3 = 7
    Q1PLUS_Q4 = 8
    Q1MINUS_Q4 = 9
    Q2PLUS_Q3 = 10
    Q2PLUS_Q4 = 11
    Q2MINUS_Q3 = 12
    Q3PLUS_Q4 = 13
    Q3MINUS_Q2 = 14
    QUADRANT1 = 15
    QUADRANT2 = 16
    QUADRANT3 = 17
    QUADRANT4 = 18
    REVERSE = 19
    TOTAL = 20
    TOTAL_BY_PHASE = 21


class AccumulationBehaviour(enum.IntEnum):
    """How a value comes about over time. espi.xsd AccumulationKind."""

    NONE = 0
    BULK_QUANTITY = 1
    CONTINUOUS_CUMULATIVE = 2
    CUMULATIVE = 3
    DELTA_DATA = 4
    INDICATING = 6
    SUMMATION = 9
    TIME_DELAY = 10
    INSTANTANEOUS = 12
    LATCHING_QUANTITY = 13
    BOUNDED_QUANTITY = 14


class DataQualifier(enum.IntEnum):
    """Which of the values of a stretch of time it is. espi.xsd DataQualifierKind."""

    NONE = 0
    AVERAGE = 2
    EXCESS = 4
    HIGH_THRESHOLD = 5
    LOW_THRESHOLD = 7
    MAXIMUM = 8
    MINIMUM = 9
    NOMINAL = 11
    NORMAL = 12
    SECOND_MAXIMUM = 16
    SECOND_MINIMUM = 17
    THIRD_MAXIMUM = 23
    FOURTH_MAXIMUM = 24
    FIFTH_MAXIMUM = 25
    SUM = 26


class TimeAttribute(enum.IntEnum):
    """The period that a value is of. espi.xsd TimePeriodOfInterest."""

    NONE = 0
    BILLING_PERIOD = 8
    DAILY = 11
    MONTHLY = 13
    SEASONAL = 22
    WEEKLY = 24
    SPECIFIED_PERIOD = 32


class MeasuringPeriod(enum.IntEnum):
    """The stretch of time over which it is measured. espi.xsd TimeAttributeKind."""

    NONE = 0
    TEN_MINUTE = 1
    FIFTEEN_MINUTE = 2
    ONE_MINUTE = 3
    TWENTY_FOUR_HOUR = 4
    THIRTY_MINUTE = 5
    FIVE_MINUTE = 6
    SIXTY_MINUTE = 7
    TWO_MINUTE = 10
    THREE_MINUTE = 14
    PRESENT = 15
    PREVIOUS = 16
    TWENTY_MINUTE = 31
    FIXED_BLOCK_60_MIN = 50
    FIXED_BLOCK_30_MIN = 51
    FIXED_BLOCK_20_MIN = 52
    FIXED_BLOCK_15_MIN = 53
    FIXED_BLOCK_10_MIN = 54
    FIXED_BLOCK_5_MIN = 55
    FIXED_BLOCK_1_MIN = 56
    ROLLING_BLOCK_60_MIN_BY_30 = 57
    ROLLING_BLOCK_60_MIN_BY_20 = 58
    ROLLING_BLOCK_60_MIN_BY_15 = 59
    ROLLING_BLOCK_60_MIN_BY_12 = 60
    ROLLING_BLOCK_60_MIN_BY_10 = 61
    ROLLING_BLOCK_60_MIN_BY_6 = 62
    ROLLING_BLOCK_60_MIN_BY_5 = 63
    ROLLING_BLOCK_60_MIN_BY_4 = 64
    ROLLING_BLOCK_30_MIN_BY_15 = 65
    ROLLING_BLOCK_30_MIN_BY_10 = 66
    ROLLING_BLOCK_30_MIN_BY_6 = 67
    ROLLING_BLOCK_30_MIN_BY_5 = 68
    ROLLING_BLOCK_30_MIN_BY_3 = 69
    ROLLING_BLOCK_30_MIN_BY_2 = 70
    ROLLING_BLOCK_15_MIN_BY_5 = 71
    ROLLING_BLOCK_15_MIN_BY_3 = 72
    ROLLING_BLOCK_15_MIN_BY_1 = 73
    ROLLING_BLOCK_10_MIN_BY_5 = 74
    ROLLING_BLOCK_10_MIN_BY_2 = 75
    ROLLING_BLOCK_10_MIN_BY_1 = 76
    ROLLING_BLOCK_5_MIN_BY_1 = 77


class QualityOfReading(enum.IntEnum):
    """How far a value may be trusted. espi.xsd QualityOfReading."""

    VALID = 0
    MANUALLY_EDITED = 7
    ESTIMATED_BY_REFERENCE_DAY = 8
    ESTIMATED_BY_INTERPOLATION = 9
    QUESTIONABLE = 10
    DERIVED = 11
    PROJECTED = 12
    MIXED = 13
    RAW = 14
    NORMALIZED_FOR_WEATHER = 15
    OTHER = 16
    VALIDATED = 17
    VERIFIED = 18
    REVENUE_QUALITY = 19


class PhaseCode(enum.IntEnum):
    """Which wires of a supply. espi.xsd PhaseCodeKind."""

    NONE = 0
    N = 16
    N_TO_GROUND = 17
    C = 32
    CN = 33
    C_TO_A = 40
    CAN = 41
    B = 64
    BN = 65
    BC = 66
    B_TO_A = 72
    CA = 96
    BCN = 97
    A = 128
    AN = 129
    AB = 132
    A_TO_A = 136
    ABN = 193
    ABC = 224
    ABCN = 225
    S2 = 256
    S2N = 272
    S1 = 512
    S1N = 528
    S12 = 768
    S12N = 769
    S1S2N = 784


class Currency(enum.IntEnum):
    """ISO 4217 numbers, and one for all others. espi.xsd Currency."""

    OTHER = 0
    AUD = 36
    CAD = 124
    CNY = 156
    DKK = 208
    INR = 356
    JPY = 392
    NOK = 578
    RUB = 643
    SEK = 752
    CHF = 756
    GBP = 826
    USD = 840
    EUR = 978


class ItemKind(enum.IntEnum):
    """What a line of a bill is for. espi.xsd ItemKind."""

    GENERATION_FEE = 1
    DELIVERY_FEE = 2
    USAGE_FEE = 3
    ADMINISTRATIVE_FEE = 4
    TAX = 5
    GENERATION_CREDIT = 6
    DELIVERY_CREDIT = 7
    ADMINISTRATIVE_CREDIT = 8
    PAYMENT = 9
    INFORMATION = 10


class DataCustodianApplicationStatus(enum.IntEnum):
    """How the custodian holds a registration. espi.xsd DataCustodianApplicationStatus."""

    REVIEW = 1
    PRODUCTION = 2
    ON_HOLD = 3
    REVOKED = 4


class ThirdPartyApplicationStatus(enum.IntEnum):
    """How far a third party has come. espi.xsd ThirdPartyApplicatonStatus."""

    DEVELOPMENT = 1
    REVIEW_TEST = 2
    LIVE = 3
    REMOVE = 4


class ThirdPartyApplicationType(enum.IntEnum):
    """Where a third party runs. espi.xsd ThirdPartyApplicationType."""

    WEB = 1
    DESKTOP = 2
    MOBILE = 3
    DEVICE = 4


class ThirdPartyApplicationUse(enum.IntEnum):
    """What a third party is for. espi.xsd ThirdPartyApplicationUse."""

    ENERGY_MANAGEMENT = 1
    ANALYTICAL = 2
    GOVERNMENTAL = 3
    ACADEMIC = 4
    LAW_ENFORCEMENT = 5


class AuthorizationStatus(enum.IntEnum):
    """Whether an authorization holds. espi.xsd AuthorizationStatus."""

    REVOKED = 0
    ACTIVE = 1
    DENIED = 2


class ServiceStatusKind(enum.IntEnum):
    """Whether the service runs. espi.xsd ESPIServiceStatus."""

    UNAVAILABLE = 0
    NORMAL = 1


class CRUDOperation(enum.IntEnum):
    """What an upload does with an object. espi.xsd CRUDOperation."""

    CREATE = 0
    READ = 1
    UPDATE = 2
    DELETE = 3
