import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.http.accept import read
from filed.protocols.messages import NO_PREFERENCES, Format, Preferences

TEXT, HTML, JSON = Format.TEXT, Format.HTML, Format.JSON
CODINGS = ("zstd", "br", "gzip")


def codings(value):
    return read(None, value).codings


def formats(value):
    preferences = read(value, None)
    return preferences.listing, preferences.message


# Accept-Encoding.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"gzip", "gzip"),
        (b"gzip, deflate", "gzip"),
        (b"gzip, deflate, br", "br gzip"),
        (b"gzip, deflate, br, zstd", "zstd br gzip"),
        (b"deflate", ""),
        (b"compress, gzip", "gzip"),
        (b"GZip,BR,Zstd", "zstd br gzip"),
        (b"x-gzip", "gzip"),
        (b"X-GZIP;q=0.5, br;q=0.2", "gzip br"),
        (b"gzip \t;\t q=0.5 \t, \tbr;Q=1", "br gzip"),
        (b", gzip,, br ,", "br gzip"),
        (b"*", "zstd br gzip"),
        (b"*;q=0.5", "zstd br gzip"),
        (b"*;q=0.001", "zstd br gzip"),
        (b"br;q=0.5, *;q=0.1", "br zstd gzip"),
        (b"br;q=0, *", "zstd gzip"),
        (b"gzip;q=1.0, *;q=0", "gzip"),
        (b"gzip;q=0.5, br;q=0.8, zstd;q=0.51", "br zstd gzip"),
        (b"gzip;q=1, br;q=1.000, zstd;q=0.999", "br gzip zstd"),
        (b"gzip;q=0.5, br;q=0.50, zstd;q=0.500", "zstd br gzip"),
        (b"gzip;q=0", ""),
        (b"gzip;q=0.000, br;q=0., zstd;q=0.0", ""),
        (b"gzip;q=1., br;q=0.001", "gzip br"),
        (b"gzip;q=0, gzip", "gzip"),
        (b"gzip;q=0.1, x-gzip;q=0.9, br;q=0.5", "gzip br"),
    ],
)
def test_codings_are_in_the_order_in_which_they_are_wanted(value, expected):
    assert codings(value) == tuple(expected.split())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"identity", ""),
        (b"identity, gzip", "gzip"),
        (b"identity;q=0.5, gzip;q=0.5", "gzip"),
        (b"identity;q=0.5, gzip;q=0.4", ""),
        (b"identity;q=0.5, gzip;q=0.4, br;q=0.6", "br"),
        (b"identity, gzip;q=0.9", ""),
        (b"Identity;q=0.001, gzip;q=0.001", "gzip"),
        (b"identity;q=0", ""),
        (b"identity;q=0, gzip;q=0.001", "gzip"),
        (b"*;q=0", ""),
        (b"*;q=0, br;q=0.1", "br"),
        (b"*;q=0.5, br;q=0.4", "zstd gzip"),  # what is not named is the file as it is, too
        (b"*;q=0.5, br;q=0.4, identity;q=0", "zstd gzip br"),
        (b"identity;q=0.2, *;q=0.5, br;q=0.3", "zstd gzip br"),
        (b"identity;q=1, *;q=0.5", ""),
    ],
)
def test_a_coding_that_is_wanted_less_than_the_file_as_it_is_is_left_out(value, expected):
    assert codings(value) == tuple(expected.split())


@pytest.mark.parametrize(
    "value",
    [
        b"gzip;q=1.1",
        b"gzip;q=2",
        b"gzip;q=1.001",
        b"gzip;q=0.1234",
        b"gzip;q=1.0000",
        b"gzip;q=-1",
        b"gzip;q=.5",
        b"gzip;q=00.5",
        b"gzip;q=1e0",
        b"gzip;q=nan",
        b"gzip;q=",
        b"gzip;q",
        b"gzip;",
        b"gzip;q =1",
        b"gzip;q= 1",
        b'gzip;q="1"',
        b"gzip;x=1",
        b"gzip;q=1;x=1",
        b"gzip;q=1;q=1",
        b"gzip;level=1;q=1",
        b";q=1",
        b"gzip br",
        b"gz/ip",
        b"br, gz\xffip",
        b"br, (gzip)",
        b'br, "gzip"',
        b"br\x00, gzip",
    ],
)
def test_a_malformed_accept_encoding_is_as_if_not_sent(value):
    assert read(None, value) is NO_PREFERENCES
    assert read(None, b"br, " + value) is NO_PREFERENCES
    assert read(None, value + b", br") is NO_PREFERENCES


WEIGHTS = st.none() | st.integers(0, 1000)
NAMES = (*CODINGS, "identity", "*", "deflate")


def written(weight):
    """Write a weight of thousandths, without zeros at its end."""
    if weight is None:
        return ""
    return f";q={weight / 1000:.3f}".rstrip("0")


@given(st.dictionaries(st.sampled_from(NAMES), WEIGHTS), st.randoms(use_true_random=False))
def test_codings_are_what_a_naive_reading_gives(asked, shuffler):
    elements = [name + written(weight) for name, weight in asked.items()]
    shuffler.shuffle(elements)
    weights = {name: 1000 if weight is None else weight for name, weight in asked.items()}
    star = weights.get("*", 0)
    wanted = {name: weights.get(name, star) for name in (*CODINGS, "identity")}
    accepted = [name for name in CODINGS if wanted[name] >= max(1, wanted["identity"])]
    best_first = [
        name
        for weight in range(1000, 0, -1)
        for name in CODINGS
        if name in accepted and wanted[name] == weight
    ]
    assert codings(", ".join(elements).encode()) == tuple(best_first)


# Accept.

CHROME = (
    b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    b"q=0.8,application/signed-exchange;v=b3;q=0.7"
)
FIREFOX = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FIREFOX_IMAGE = b"image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
LYNX = b"text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01"
W3M = b"text/html, text/*;q=0.5, image/*, application/*, x-content-type/*"
AXIOS = b"application/json, text/plain, */*"
JQUERY = b"application/json, text/javascript, */*; q=0.01"
JAVA = b"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"  # which is malformed


@pytest.mark.parametrize(
    ("value", "listing", "message"),
    [
        (b"*/*", HTML, TEXT),
        (CHROME, HTML, HTML),
        (FIREFOX, HTML, HTML),
        (FIREFOX_IMAGE, HTML, TEXT),
        (LYNX, HTML, HTML),
        (W3M, HTML, HTML),
        (AXIOS, JSON, JSON),
        (JQUERY, JSON, JSON),
        (JAVA, HTML, TEXT),
    ],
)
def test_clients_get_what_they_can_show(value, listing, message):
    assert formats(value) == (listing, message)


@pytest.mark.parametrize(
    ("value", "listing", "message"),
    [
        (b"text/html", HTML, HTML),
        (b"text/plain", HTML, TEXT),
        (b"application/json", JSON, JSON),
        (b"Application/JSON", JSON, JSON),
        (b"text/*", HTML, TEXT),
        (b"application/*", JSON, JSON),
        (b"text/html, application/json;q=0.9", HTML, HTML),
        (b"text/html;q=0.9, application/json", JSON, JSON),
        (b"text/html;q=0.9,application/json;Q=0.901", JSON, JSON),
        (b"text/plain;q=0.9, application/json;q=0.5", JSON, TEXT),
        (b", text/html ,, text/plain;q=0.5 ,", HTML, HTML),
        (b"text/html \t;\t q=0.2 \t, \tapplication/json ; q=0.3", JSON, JSON),
    ],
)
def test_the_format_that_is_wanted_most_is_chosen(value, listing, message):
    assert formats(value) == (listing, message)


@pytest.mark.parametrize(
    ("value", "listing", "message"),
    [
        (b"*/*, application/json", JSON, JSON),
        (b"text/*, application/json", JSON, JSON),
        (b"*/*, application/*", JSON, JSON),
        (b"*/*, text/*", HTML, TEXT),
        (b"text/*, text/html", HTML, HTML),
        (b"application/*, text/html", HTML, HTML),
        (b"*/*;q=0.9, application/json;q=0.9", JSON, JSON),
        (b"*/*;q=0.9, application/json;q=0.8", HTML, TEXT),
        (b"text/*;q=0.5, text/plain;q=0.1, */*;q=0.2", HTML, HTML),
    ],
)
def test_the_most_specific_range_gives_the_weight_and_wins_a_tie(value, listing, message):
    assert formats(value) == (listing, message)


@pytest.mark.parametrize(
    ("value", "listing", "message"),
    [
        (b"text/html, application/json, text/plain", HTML, HTML),
        (b"application/json, text/html", JSON, JSON),
        (b"text/plain, application/json, text/html", JSON, TEXT),
        (b"text/*, application/*", HTML, TEXT),
        (b"application/*, text/*", JSON, JSON),
    ],
)
def test_what_stands_first_wins_among_equals(value, listing, message):
    assert formats(value) == (listing, message)


@pytest.mark.parametrize(
    ("value", "listing", "message"),
    [
        (b"", HTML, TEXT),
        (b",", HTML, TEXT),
        (b"image/png", HTML, TEXT),
        (b"*/*;q=0", HTML, TEXT),
        (b"text/html;q=0", HTML, TEXT),
        (b"text/html;q=0, */*", JSON, TEXT),
        (b"text/*;q=0, */*", JSON, JSON),
        (b"text/*;q=0, text/html;q=0.1, */*", JSON, JSON),
        (b"application/json;q=0, text/html;q=0, text/plain;q=0", HTML, TEXT),
        (b"*/html, */json", HTML, TEXT),
    ],
)
def test_where_nothing_is_wanted_there_is_still_an_answer(value, listing, message):
    assert formats(value) == (listing, message)


@pytest.mark.parametrize(
    ("value", "listing", "message"),
    [
        (b"application/json;charset=utf-8", JSON, JSON),
        (b"application/json;odata=verbose;q=0.5, text/html;q=0.4", JSON, JSON),
        (b"text/html;level=1;q=0.5, application/json;q=0.4", HTML, HTML),
        (b'application/json;a="x, text/html;q=1\\", ";q=0.5, text/html;q=0.6', HTML, HTML),
        (b'application/json;a="";b=c ;', JSON, JSON),
        (b"text/html;;q=0.5;, application/json", JSON, JSON),
        (b"application/json;q=0.5;ext;a=b, text/html;q=0.4", JSON, JSON),
        (b"application/json;q=0.5;q=rubbish", JSON, JSON),
        # One without parameters is surely meant; of several with, the most wanted may be.
        (b"application/json;v=1;q=0.9, application/json;q=0.1, text/html;q=0.5", HTML, HTML),
        (b"application/json;q=0, application/json;v=1", HTML, TEXT),
        (b"application/json;v=1;q=0.1, application/json;v=2;q=0.9, text/html;q=0.5", JSON, JSON),
        (b"application/json;q=0.1, application/json;q=0.9;v=2, text/html;q=0.5", JSON, JSON),
    ],
)
def test_other_parameters_than_the_weight_are_tolerated(value, listing, message):
    assert formats(value) == (listing, message)


@pytest.mark.parametrize(
    "value",
    [
        b"application/json;q=1.1",
        b"application/json;q=0.1234",
        b"application/json;q=.5",
        b"application/json;q",
        b"application/json;q=",
        b'application/json;q="1"',
        b"application/json; a = b",
        b"application/json;a=",
        b'application/json;a="b',
        b'application/json;a="b\\"',
        b'application/json;a="\x00"',
        b"application/json q=1",
        b"application/ json",
        b"application/json/",
        b"application/",
        b"/json",
        b"json",
        b"*",
        b"image/png;q=2",
        b"(json)/json",
        b"application/json\xff",
    ],
)
def test_a_malformed_accept_is_as_if_not_sent(value):
    assert read(value, None) is NO_PREFERENCES
    assert read(b"application/json, " + value, None) is NO_PREFERENCES
    assert read(value + b", application/json", None) is NO_PREFERENCES


# Both.


@pytest.mark.parametrize("accept", [None, b"", b"*/*", b"*/*;q=0.8", b"image/*", b"rubbish"])
@pytest.mark.parametrize("encoding", [None, b"", b"identity", b"deflate", b"gzip;q=0", b"?;"])
def test_who_wants_nothing_special_has_the_one_object_that_says_so(accept, encoding):
    assert read(accept, encoding) is NO_PREFERENCES


def test_the_two_fields_do_not_meddle_with_each_other():
    assert read(AXIOS, b"br, gzip") == Preferences(("br", "gzip"), JSON, JSON)
    assert read(AXIOS, b"gzip;") == Preferences((), JSON, JSON)
    assert read(b"json", b"gzip") == Preferences(("gzip",), HTML, TEXT)


def test_longer_fields_than_anyone_means_are_as_if_not_sent():
    for size, expected in ((1024, ("gzip",)), (1025, ())):
        assert codings(b"gzip".rjust(size, b",")) == expected
    for size, expected in ((1024, JSON), (1025, HTML)):
        assert formats(b"application/json".rjust(size, b","))[0] is expected


PIECES = st.sampled_from(
    [b"gzip", b"*", b"text", b"html", b"/", b";", b"q=", b"0.5", b",", b" ", b'"', b"\\", b"\xff"]
)
VALUES = st.none() | st.binary() | st.lists(PIECES).map(b"".join)


@given(VALUES, VALUES)
def test_any_values_come_to_some_preferences(accept, encoding):
    preferences = read(accept, encoding)
    assert preferences.codings in {
        order for count in range(4) for order in itertools.permutations(CODINGS, count)
    }
    assert preferences.listing in {HTML, JSON}
    assert preferences.message in {TEXT, HTML, JSON}
    assert (preferences is NO_PREFERENCES) == (preferences == NO_PREFERENCES)
