"""What the pages allow themselves, which is what their Content-Security-Policy says."""

import hashlib
import subprocess
import sys
from base64 import b64encode

import pytest

from filed.files.directories import Entry, Page, Selection, Sort
from filed.protocols.messages import Format
from filed.site.pages import LISTING_POLICY, MESSAGE_POLICY, listing_html, message
from support.html_page import read_page

ENTRIES = (
    Entry(b"sub", directory=True, size_bytes=0, mtime_s=0),
    Entry(b"http://x.example/ \n.iso", directory=False, size_bytes=5, mtime_s=10**18),
)
PAGES = [
    (listing_html(b"a/b", Page(ENTRIES, 5000, 2, 3, cut=True), Selection(page=2)), LISTING_POLICY),
    (
        listing_html(b"", Page((), 0, 1, 1, cut=False), Selection(Sort.SIZE, True, 1, "x")),
        LISTING_POLICY,
    ),
    (message(404, "There is no such file here.", Format.HTML), MESSAGE_POLICY),
    (message(503, "Ask again in a second.", Format.HTML), MESSAGE_POLICY),
]
READ = [(read_page(page), policy) for page, policy in PAGES]

URLS = {"href", "src", "action", "formaction", "srcset", "data", "poster", "background", "ping"}


def directives(policy):
    return dict(each.split(" ", 1) for each in policy.decode().split("; "))


@pytest.mark.parametrize("policy", [LISTING_POLICY, MESSAGE_POLICY])
def test_a_policy_allows_nothing_that_it_does_not_name(policy):
    allowed = directives(policy)
    assert allowed.keys() == {
        "default-src",
        "style-src",
        "script-src",
        "img-src",
        "form-action",
        "base-uri",
        "frame-ancestors",
    }
    assert allowed["default-src"] == allowed["base-uri"] == "'none'"
    assert allowed["img-src"] == "data:"
    assert b"unsafe" not in policy
    assert b"http" not in policy
    assert b"*" not in policy


def test_a_message_runs_no_script_and_sends_no_form():
    allowed = directives(MESSAGE_POLICY)
    assert allowed["script-src"] == allowed["form-action"] == "'none'"


@pytest.mark.parametrize(("page", "policy"), READ)
@pytest.mark.parametrize("tag", ["style", "script"])
def test_each_block_of_a_page_is_the_one_that_the_policy_names(page, policy, tag):
    allowed = directives(policy)[f"{tag}-src"]
    for block in page.all(tag):
        # Of the block to its last byte, so not `text`, which leaves out line ends around it.
        (content,) = block.children
        digest = hashlib.sha256(content.encode()).digest()
        assert f"'sha256-{b64encode(digest).decode()}'" == allowed


@pytest.mark.parametrize(("page", "_policy"), READ)
def test_no_attribute_is_style_or_script(page, _policy):
    for element in page.walk():
        assert "style" not in element.attributes
        assert not [name for name in element.attributes if name.startswith("on")]


@pytest.mark.parametrize(("page", "_policy"), READ)
def test_every_address_is_relative_to_the_page(page, _policy):
    for element in page.walk():
        for name in URLS & element.attributes.keys():
            address = element.attributes[name]
            if element.tag == "link":
                assert element.attributes["rel"] == "icon"
                assert address.startswith("data:image/svg+xml,")
            else:
                assert address == "" or address.startswith(("./", "../", "#"))


@pytest.mark.parametrize(("page", "_policy"), READ)
def test_an_id_is_there_once(page, _policy):
    ids = [each.attributes["id"] for each in page.walk() if "id" in each.attributes]
    assert len(ids) == len(set(ids))


# In a process of its own, since an audit hook stays for good.
SEALED = """
import sys
from filed.files.directories import Entry, Page, Selection
from filed.protocols.messages import Format
from filed.site import pages

happened = []
sys.addaudithook(lambda event, _: happened.append(event))
entry = Entry("<\\x1b\\u202e>".encode(), False, 12345, 10**9)
view = Page((entry, Entry(b"\\xff", True, 0, 10**18)), 5000, 2, 3, True)
for selection in (Selection(), Selection(filter="x", page=2)):
    assert pages.listing_html(b"a/b", view, selection)
    assert pages.listing_json(b"a/b", view, selection)
for format in Format:
    assert pages.message(404, "No.", format)
opened = {"open", "import", "compile", "exec"} & set(happened)
assert not opened, opened
sys.stdout.write("sealed")
"""


def test_nothing_is_opened_imported_or_compiled_for_a_page():
    run = subprocess.run(
        [sys.executable, "-c", SEALED], capture_output=True, text=True, check=False
    )
    assert (run.stdout, run.stderr) == ("sealed", "")
