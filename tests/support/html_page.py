"""What a reader without a browser makes of a page: its elements, their text, the table's rows."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

# Elements whose end follows from what comes next (HTML standard, "Optional tags").
ENDED_BY = {"td": {"td", "tr", "tbody"}, "th": {"th", "tr"}, "tr": {"tr", "tbody"}}
VOID = {"meta", "link", "input"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self):
        return "".join(
            child if isinstance(child, str) else child.text for child in self.children
        ).strip("\n")

    def all(self, tag, **attributes):
        """Every element inside with this tag and these attributes, in the page's order."""
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            if child.tag == tag and attributes.items() <= child.attributes.items():
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def one(self, tag, **attributes):
        (found,) = self.all(tag, **attributes)
        return found

    def walk(self):
        """Every element inside."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attrs):
        while tag in ENDED_BY.get(self.open[-1].tag, ()):
            self.open.pop()
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), "an attribute is given twice"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self.open[-1].tag != tag:
            left = self.open.pop()
            assert tag in ENDED_BY.get(left.tag, {}) or left.tag in ENDED_BY, f"{tag} ends {left}"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def read_page(page):
    """Read a page; every element has to end where the standard allows it."""
    builder = _Builder()
    builder.feed(page.decode())
    builder.close()
    assert len(builder.open) == 1, "an element does not end"
    return builder.open[0]


def entry_rows(page):
    """The rows of a listing but the one that leads up."""
    return [row for row in page.one("tbody").all("tr") if row.attributes.get("class") != "up"]


def leads_to(link, here="/here/"):
    """The path, as bytes, and the query that a browser at `here` would ask for."""
    parts = urlsplit(urljoin("http://server" + here, link))
    assert (parts.scheme, parts.netloc, parts.fragment) == ("http", "server", "")
    return unquote_to_bytes(parts.path), parts.query
