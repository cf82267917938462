"""The official schemas: compiled to judge documents, and read to judge declarations."""

import functools
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from wattshare.espi.fields import SchemaSet

XS = "{http://www.w3.org/2001/XMLSchema}"
# a child element: its path, how often it must and may stand, its type where it is a leaf
Row = tuple[str, int, int | None, str]


@functools.cache
def compiled(folder: Path, schema: SchemaSet) -> etree.XMLSchema:
    """The validator of one generation, of all three namespaces."""
    return etree.XMLSchema(etree.parse(folder / "schema" / schema.value / "all.xsd"))


def faults(document: bytes, folder: Path, schema: SchemaSet) -> list[str]:
    """What one generation has against a document."""
    validator = compiled(folder, schema)
    validator.validate(etree.fromstring(document))
    return [error.message for error in validator.error_log]


class Generation:
    """The official declarations of one namespace in one generation."""

    def __init__(self, folder: Path, schema: SchemaSet, namespace: str) -> None:
        roots = (etree.parse(path).getroot() for path in (folder / "schema" / schema.value).glob("*.xsd"))
        self._root = next(root for root in roots if root.get("targetNamespace") == namespace)

    def element_type(self, name: str) -> str | None:
        """The type of an element that may stand by itself, None where there is no such element."""
        named = self._root.find(f"{XS}element[@name='{name}']")
        return None if named is None else str(named.get("type"))

    def rows(self, kind: str) -> list[Row]:
        """All that is below a type, in document order."""
        return list(self._rows(self._named("complexType", kind), ""))

    def listed(self, kind: str) -> tuple[frozenset[str], bool]:
        """The values that a simple type lists, and whether all others are invalid."""
        named = self._root.find(f"{XS}simpleType[@name='{kind}']")
        if named is None:
            # a built-in type
            return frozenset(), False
        values = frozenset(str(one.get("value")) for one in named.iter(f"{XS}enumeration"))
        return values, bool(values) and named.find(f"{XS}union") is None

    def _named(self, tag: str, name: str) -> etree._Element:
        named = self._root.find(f"{XS}{tag}[@name='{name}']")
        assert named is not None, name
        return named

    def _rows(self, kind: etree._Element, path: str) -> Iterator[Row]:
        for child in self._children(kind):
            name = str(child.get("name") or child.get("ref"))
            least, most = _occurs(child)
            if (inner := self._structure(child)) is not None:
                yield f"{path}/{name}", least, most, ""
                yield from self._rows(inner, f"{path}/{name}")
            else:
                yield f"{path}/{name}", least, most, str(child.get("type") or "").removeprefix("xs:")

    def _children(self, kind: etree._Element) -> list[etree._Element]:
        """A type's children, inherited ones first; without the `extension` of every Object."""
        if kind.get("name") == "Object":
            return []
        extension = kind.find(f"{XS}complexContent/{XS}extension")
        if extension is None:
            return kind.findall(f"{XS}sequence/{XS}element")
        inherited = self._children(self._named("complexType", str(extension.get("base"))))
        return inherited + extension.findall(f"{XS}sequence/{XS}element")

    def _structure(self, child: etree._Element) -> etree._Element | None:
        inline = child.find(f"{XS}complexType")
        if inline is not None:
            return inline
        named = self._root.find(f"{XS}complexType[@name='{child.get('type')}']")
        return None if named is None or named.find(f"{XS}simpleContent") is not None else named


def _occurs(child: etree._Element) -> tuple[int, int | None]:
    """How often a child must and may stand; in two types it is the sequence around it that is repeated."""
    around = child.getparent()
    assert around is not None
    least = int(child.get("minOccurs", "1")) * int(around.get("minOccurs", "1"))
    most = {one.get("maxOccurs", "1") for one in (child, around)}
    return least, None if "unbounded" in most else 1
