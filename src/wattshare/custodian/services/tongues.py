"""The languages of the customer's pages: their texts by gettext, their days and numbers by the CLDR.

English is written in the code and in the templates; every other language is a catalogue, one file `<language>.po`.
What a catalogue does not have stays English.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_skeleton, format_time, get_day_names, get_month_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations, Translations

from wattshare.custodian.settings import BadSettings

OURS = Path(__file__).parent / "catalogues"
ENGLISH = Locale("en", "US")
# espi.xsd Currency: ISO 4217 by number
CURRENCIES = {840: "USD", 124: "CAD", 978: "EUR", 36: "AUD", 484: "MXN"}


def said(text: str) -> str:
    """A text that is drawn later: marks it for the catalogues."""
    return text


@dataclass(frozen=True)
class Tongue:
    """One language."""

    locale: Locale
    texts: NullTranslations = field(repr=False)

    @property
    def code(self) -> str:
        """As HTML and catalogues name it."""
        return self.locale.language

    @property
    def name(self) -> str:
        """As its speakers call it."""
        spoken = Locale(self.locale.language).get_display_name(self.locale) or self.code
        return spoken[:1].upper() + spoken[1:]

    def say(self, text: str, **values: object) -> str:
        """A text in this language, its places filled."""
        told: str = self.texts.gettext(text)
        return told % values if values else told

    def many(self, one: str, more: str, count: int, **values: object) -> str:
        """A text about so many; `%(count)s` is written as this language writes numbers."""
        told: str = self.texts.ngettext(one, more, count)
        return told % ({"count": self.number(count)} | values)

    def joined(self, parts: Iterable[str]) -> str:
        """Things one after the other, with the last "and"."""
        *first, last = tuple(parts) or ("",)
        return last if not first else self.say("%(first)s and %(last)s", first=", ".join(first), last=last)

    def day(self, day: date) -> str:
        """A day with its month's name."""
        return format_date(day, "long", self.locale)

    def day_at(self, at: int, zone: tzinfo = UTC) -> str:
        """The day of a second."""
        return self.day(in_zone(at, zone).date())

    def weekday(self, day: date) -> str:
        """A day with its name, without its year."""
        name = format_date(day, "EEEE", self.locale)
        return self.say("%(name)s, %(day)s", name=name, day=format_skeleton("MMMMd", day, locale=self.locale))

    def short_day(self, day: date) -> str:
        """A day of a year that is known."""
        return format_skeleton("MMMd", day, locale=self.locale)

    def month(self, day: date) -> str:
        """A month and its year."""
        return format_skeleton("yMMMM", day, locale=self.locale)

    def time(self, moment: datetime) -> str:
        """A time of day."""
        return format_time(moment.timetz(), "short", tzinfo=moment.tzinfo, locale=self.locale)

    def moment(self, at: datetime) -> str:
        """A day and a time."""
        return self.say("%(day)s, %(time)s", day=self.day(at.date()), time=self.time(at))

    def number(self, value: Decimal | int, places: int = 0, *, least: int = 0) -> str:
        """A number, with at most so many decimal places, and at least so many of them."""
        pattern = "#,##0" + ("." + "0" * least + "#" * (places - least) if places else "")
        return format_decimal(value, format=pattern, locale=self.locale)

    def money(self, hundred_thousandths: int, currency: int | None) -> str:
        """An amount, from 1/100 000 of its currency."""
        amount = Decimal(hundred_thousandths).scaleb(-5)
        return format_currency(amount, CURRENCIES.get(currency or 840, "USD"), locale=self.locale)

    def month_names(self) -> list[str]:
        """January to December."""
        return [get_month_names("wide", locale=self.locale)[number] for number in range(1, 13)]

    def day_names(self) -> list[str]:
        """Monday to Sunday, short."""
        return [get_day_names("abbreviated", locale=self.locale)[number] for number in range(7)]


# English as it stands in the code
AS_WRITTEN = Tongue(ENGLISH, NullTranslations())


@dataclass(frozen=True)
class Tongues:
    """Every language that there is, English first."""

    every: tuple[Tongue, ...]

    @classmethod
    def of(cls, folder: Path | None = None) -> "Tongues":
        """Ours, and those of a folder, which come before ours.

        Raises:
            BadSettings: a catalogue cannot be read, or the folder has none.
        """
        files = {file.stem: file for file in sorted(OURS.glob("*.po"))}
        if folder is not None:
            theirs = {file.stem: file for file in sorted(folder.glob("*.po"))}
            if not theirs:
                raise BadSettings(f"catalogues: there is no <language>.po in {folder}")
            files |= theirs
        # English by a catalogue takes the place of the code's own
        english = files.pop(ENGLISH.language, None)
        first = AS_WRITTEN if english is None else Tongue(ENGLISH, read(english).texts)
        return cls((first, *(read(file) for file in files.values())))

    @cached_property
    def by_code(self) -> dict[str, Tongue]:
        """Each by its code."""
        return {tongue.code: tongue for tongue in self.every}

    def wanted(self, chosen: str | None, accepted: str) -> Tongue:
        """The one that was chosen, else the best for an Accept-Language header, else English."""
        if chosen in self.by_code:
            return self.by_code[chosen or ""]
        found = negotiate_locale(preferred(accepted), self.by_code, sep="-")
        return self.by_code.get(found or "", self.every[0])


def read(file: Path) -> Tongue:
    """A language from its catalogue.

    Raises:
        BadSettings: it cannot be read, or is of no language that is known.
    """
    try:
        return known(file.stem, file.read_bytes())
    except (OSError, ValueError, LookupError, PoFileError) as why:
        raise BadSettings(f"catalogues: {file.name} cannot be read: {why}") from why


# what a text says is looked up by language, and templates are kept by it: the same catalogue is one language
@lru_cache(maxsize=64)
def known(language: str, content: bytes) -> Tongue:
    """The language of a catalogue of that content.

    Raises:
        ValueError, LookupError, PoFileError: it is no catalogue, or of no language that is known.
    """
    catalogue = read_po(BytesIO(content), abort_invalid=True)
    machine = BytesIO()
    write_mo(machine, catalogue)
    machine.seek(0)
    return Tongue(catalogue.locale or Locale.parse(language), Translations(machine))


def preferred(accepted: str) -> list[str]:
    """The languages of an Accept-Language header, the best first. RFC 9110 §12.5.4."""
    weighed = []
    for item in accepted[:400].split(","):
        name, _, weight = item.partition(";")
        text = weight.strip().removeprefix("q=")
        quality = float(text) if text.replace(".", "", 1).isdecimal() else 1.0
        if name.strip() and quality:
            weighed.append((quality, name.strip()))
    return [name for _, name in sorted(weighed, key=lambda one: -one[0])]


def in_zone(at: int, zone: tzinfo) -> datetime:
    """A second as its clock shows it there."""
    return datetime.fromtimestamp(at, zone)
