import pytest

from filed.protocols.http.heads import ALLOW, phrase, render


def test_a_head_is_a_status_line_and_fields_and_an_empty_line():
    head = render(
        200, [(b"Date", b"now"), (b"Content-Length", b"0")], close=False, keep_alive=False
    )
    assert head == b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("close", "keep_alive", "told"),
    [
        (False, False, b""),
        (False, True, b"Connection: keep-alive\r\n"),
        (True, False, b"Connection: close\r\n"),
        (True, True, b"Connection: close\r\n"),
    ],
)
def test_a_head_says_what_becomes_of_the_connection(close, keep_alive, told):
    assert render(204, [ALLOW], close=close, keep_alive=keep_alive) == (
        b"HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, OPTIONS\r\n" + told + b"\r\n"
    )


@pytest.mark.parametrize("status", [200, 206, 301, 304, 400, 404, 412, 413, 414, 416, 431, 503])
def test_a_status_has_its_words(status):
    line = render(status, [], close=False, keep_alive=False).partition(b"\r\n")[0]
    assert line == f"HTTP/1.1 {status} {phrase(status)}".encode()
    assert phrase(status)
