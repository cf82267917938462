"""Numbers of the standard in words: units, flows, commodities, qualities, currencies. espi.xsd."""

from collections.abc import Mapping
from decimal import Decimal

# UnitSymbol; what a third party meets in practice, in the symbols that engineers write
UNITS: Mapping[int, str] = {
    0: "",
    2: "m",
    3: "g",
    5: "A",
    6: "K",
    23: "°C",
    27: "s",
    29: "V",
    31: "J",
    33: "Hz",
    38: "W",
    39: "Pa",
    42: "m3",
    45: "m3/s",
    61: "VA",
    63: "var",
    65: "cos phi",
    67: "V2",
    69: "A2",
    71: "VAh",
    72: "Wh",
    73: "varh",
    80: "money",
    82: "L/s",
    104: "V2h",
    105: "A2h",
    106: "Ah",
    111: "count",
    119: "ft3",
    120: "ft3 compensated",
    123: "ft3/h compensated",
    125: "m3/h",
    128: "US gal",
    129: "US gal/h",
    130: "imperial gal",
    131: "imperial gal/h",
    132: "Btu",
    133: "Btu/h",
    134: "L",
    137: "L/h",
    156: "L uncompensated",
    157: "L compensated",
    159: "min",
    160: "h",
    166: "m3 uncompensated",
    167: "m3 compensated",
    169: "therm",
}
# CommodityKind
COMMODITIES: Mapping[int, str] = {
    0: "none",
    1: "electricity",
    2: "electricity",
    3: "communication",
    4: "air",
    5: "insulating gas",
    6: "insulating oil",
    7: "natural gas",
    8: "propane",
    9: "potable water",
    10: "steam",
    11: "waste water",
    12: "heating fluid",
    13: "cooling fluid",
    14: "reclaimed water",
    26: "electricity",
}
# FlowDirectionKind
FLOWS: Mapping[int, str] = {
    0: "none",
    1: "delivered",
    2: "lagging",
    3: "leading",
    4: "net",
    5: "quadrants 1+2",
    7: "quadrants 1+3",
    8: "quadrants 1+4",
    9: "quadrants 1-4",
    10: "quadrants 2+3",
    11: "quadrants 2+4",
    12: "quadrants 2-3",
    13: "quadrants 3+4",
    14: "quadrants 3-2",
    15: "quadrant 1",
    16: "quadrant 2",
    17: "quadrant 3",
    18: "quadrant 4",
    19: "received",
    20: "total",
    21: "total by phase",
}
# QualityOfReading; 19 is PG&E's own
QUALITIES: Mapping[int, str] = {
    0: "valid",
    7: "manually edited",
    8: "estimated from a reference day",
    9: "interpolated",
    10: "questionable",
    11: "derived",
    12: "projected",
    13: "mixed",
    14: "raw",
    15: "weather-normalised",
    16: "other",
    17: "validated",
    18: "verified",
    19: "revenue quality",
}
# Currency, ISO 4217
CURRENCIES: Mapping[int, str] = {
    0: "",
    36: "AUD",
    124: "CAD",
    156: "CNY",
    208: "DKK",
    356: "INR",
    392: "JPY",
    578: "NOK",
    643: "RUB",
    752: "SEK",
    756: "CHF",
    826: "GBP",
    840: "USD",
    978: "EUR",
}
# ItemKind of a bill's line
ITEMS: Mapping[int, str] = {
    1: "energy generation fee",
    2: "energy delivery fee",
    3: "energy usage fee",
    4: "administrative fee",
    5: "tax",
    6: "energy generation credit",
    7: "energy delivery credit",
    8: "administrative credit",
    9: "payment",
    10: "information",
}
# money is told in hundred-thousandths
MONEY_POWER = -5


def quantity(value: int, power: int | None) -> Decimal:
    """`value` × 10^`power`, exactly; whole numbers without an exponent."""
    exact = Decimal(value).scaleb(power or 0)
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize()


def money(value: int) -> Decimal:
    """An amount in units of its currency, with cents."""
    exact = Decimal(value).scaleb(MONEY_POWER)
    cents = exact.quantize(Decimal("0.01"))
    return cents if cents == exact else exact.normalize()


def word(words: Mapping[int, str], number: int | None) -> str:
    """The word for a number; a number that is unknown is shown as such."""
    if number is None:
        return ""
    return words.get(number, f"code {number}")
