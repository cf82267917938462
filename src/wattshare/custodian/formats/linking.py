"""Which channel each block of a file is of, and which usage point each channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wattshare.custodian.formats import hrefs
from wattshare.custodian.formats.green_button import ChannelEntry, Staged, Unplaceable
from wattshare.custodian.formats.kin import Links, Parents
from wattshare.custodian.formats.remarks import Remark
from wattshare.espi.usage import ReadingType


@dataclass
class Linked:
    """The parts of a file, joined. Channels in the order of the file."""

    staged: Staged
    points: Parents
    # by channel
    point_of: dict[str, str] = field(default_factory=dict)
    parents_of: dict[str, list[int]] = field(default_factory=dict)
    _types: dict[str, ReadingType | None] = field(default_factory=dict)

    def channels_of(self, point: str) -> list[ChannelEntry]:
        """The channels of a usage point."""
        return [entry for key, entry in self.staged.channels.items() if self.point_of[key] == point]

    def reading_type_of(self, channel: ChannelEntry) -> ReadingType | None:
        """What the readings of a channel mean, if the file says it."""
        if channel.key not in self._types:
            self._types[channel.key] = self._find_type(channel)
        return self._types[channel.key]

    def usual_length(self, channel: ChannelEntry) -> int:
        """How long the readings of a channel are; 0 where they differ or do not say."""
        parents = self.parents_of.get(channel.key, ())
        lengths = {length for parent in parents for length in self.staged.spool.lengths(parent)}
        return lengths.pop() if len(lengths) == 1 else 0

    def _find_type(self, channel: ChannelEntry) -> ReadingType | None:
        types = self.staged.reading_types
        if channel.embedded:
            return self._choose(channel.embedded, channel)
        for href in channel.links.related:
            if href in types:
                return self._choose(types[href], channel)
        by_path = {hrefs.path_of(href): found for href, found in types.items()}
        for href in channel.links.related:
            if (path := hrefs.path_of(href)) in by_path:
                self.staged.warnings.remark(Remark.LINK_BY_PATH, href)
                return self._choose(by_path[path], channel)
        if len(types) == 1 and channel.links.related:
            self.staged.warnings.remark(Remark.LINK_BY_PLACE, channel.key)
            return self._choose(next(iter(types.values())), channel)
        return None

    def _choose(self, found: Iterable[ReadingType], channel: ChannelEntry) -> ReadingType:
        several = tuple(found)
        if len(several) == 1:
            return several[0]
        self.staged.warnings.remark(Remark.READING_TYPE_TWICE, channel.key)
        length = self.usual_length(channel)
        return next((one for one in several if length and one.interval_length == length), several[0])


def link(staged: Staged) -> Linked:
    """Join the parts of a file. What it only names is made up of its address.

    Raises:
        Unplaceable: a part has no place, by no link, address or exclusion.
    """
    linked = Linked(staged, Parents.of((key, entry.links) for key, entry in staged.points.items()))
    channels = Parents.of((key, entry.links) for key, entry in staged.channels.items())
    for number, href in staged.spool.parents():
        linked.parents_of.setdefault(_channel_of(href, channels, staged), []).append(number)
    for key, entry in list(staged.channels.items()):
        linked.point_of[key] = staged.point_of(entry.links, linked.points, "MeterReading")
    return linked


def _channel_of(href: str, channels: Parents, staged: Staged) -> str:
    """The key of the channel that the blocks under an address are of."""
    found, path = channels.find(Links(self_href=href, up=href)), hrefs.channel_of(href)
    if found and not (found[1] is Remark.LINK_BY_PLACE and path and path != found[0]):
        if found[1]:
            staged.warnings.remark(found[1], href)
        return found[0]
    if path is None:
        raise Unplaceable("no MeterReading in the file is its own.", element="IntervalBlock", place=href)
    staged.warnings.remark(Remark.PARENT_ABSENT, path)
    links = Links(self_href=hrefs.cut(href, path), up=hrefs.cut(href, path))
    staged.channels.setdefault(path, ChannelEntry(key=path, links=links))
    return path
