import json
from dataclasses import replace
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.log.access import AccessLog, Asked, Outcome
from filed.log.sink import PIPE_BYTES, Sink

WALL_S = 1_700_000_000.125
ASKED = Asked("http", b"GET", b"/a.iso", b"bytes=0-1", b"curl/8", b"http://x/")
DONE = Outcome(206, 200, 202, 0.0123456789, 0.0012345678, "done")

any_asked = st.builds(
    Asked,
    st.just("http"),
    *[st.binary(max_size=9000)] * 2,
    *[st.none() | st.binary(max_size=9000)] * 3,
)
# What becomes longest in JSON: controls, quotes, separators, halves of characters.
worst_asked = st.sampled_from([b"\x1b", b'"', b"\\", b"\xff", b"\xe2\x80\xa8", b"\xc2\x9b"]).map(
    lambda piece: Asked("http", *[(piece * 9000)[:9000]] * 5)
)


def written(asked=ASKED, outcome=DONE, *, json=True, client="192.0.2.1", wall_s=WALL_S):
    """The line that a request comes to."""
    with TemporaryFile() as file:
        sink = Sink(file.fileno())
        AccessLog(sink, json=json, worker=3).write(asked, client, 5000, outcome, wall_s)
        sink.flush()
        file.seek(0)
        return file.read()


def test_a_request_is_one_line_of_json_with_its_keys_in_order():
    assert written() == (
        b'{"ts":"2023-11-14T22:13:20.125Z","event":"request","protocol":"http",'
        b'"client":"192.0.2.1","port":5000,"method":"GET","name":"/a.iso","status":206,'
        b'"sent":200,"expected":202,"seconds":0.012346,"ttfb":0.001235,"range":"bytes=0-1",'
        b'"user_agent":"curl/8","referer":"http://x/","worker":3,"outcome":"done"}\n'
    )


def test_what_was_not_sent_is_null():
    line = json.loads(written(Asked("plain", b"GET", b"a"), replace(DONE, ttfb_s=None)))
    absent = [key for key, value in line.items() if value is None]
    assert absent == ["ttfb", "range", "user_agent", "referer"]


@pytest.mark.parametrize(
    ("client", "shown"), [("192.0.2.1", b"192.0.2.1:5000"), ("2001:db8::1", b"[2001:db8::1]:5000")]
)
def test_on_a_console_it_is_a_line_for_a_person(client, shown):
    line = written(json=False, client=client)
    assert line == (b"2023-11-14T22:13:20.125Z %b http GET /a.iso 206 200 B 12.3 ms done\n" % shown)


@pytest.mark.parametrize(
    ("wall_s", "stamp"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.9999, "2023-11-14T22:13:20.999Z"),
        (951_782_400.5, "2000-02-29T00:00:00.500Z"),
    ],
)
def test_times_are_utc_to_the_millisecond(wall_s, stamp):
    assert json.loads(written(wall_s=wall_s))["ts"] == stamp


def test_the_second_of_a_line_is_its_own():
    with TemporaryFile() as file:
        sink = Sink(file.fileno())
        log = AccessLog(sink, json=True, worker=0)
        for wall_s in (10.25, 10.75, 11.0, 10.5):
            log.write(ASKED, "192.0.2.1", 1, DONE, wall_s)
        sink.flush()
        file.seek(0)
        assert [json.loads(line)["ts"][17:] for line in file] == [
            *("10.250Z", "10.750Z", "11.000Z", "10.500Z"),
        ]


@given(any_asked | worst_asked, st.booleans())
def test_no_client_makes_a_line_longer_than_a_pipe_takes_or_more_than_one(asked, as_json):
    line = written(asked, json=as_json)
    assert len(line) <= PIPE_BYTES
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    if as_json:
        assert list(json.loads(line)) == list(json.loads(written()))


def test_what_was_cut_says_so_and_shows_how_it_began():
    line = json.loads(written(replace(ASKED, name=b"/" + b"n" * 5000, user_agent=b"u" * 50)))
    assert line["name"] == "/" + "n" * 95 + "... (cut)"
    assert line["user_agent"] == "u" * 50
    assert line["sent"] == DONE.sent_bytes


def test_a_line_that_fits_is_not_cut():
    name = b"/" + b"n" * 3000
    assert json.loads(written(replace(ASKED, name=name)))["name"] == name.decode()
