"""Fields that the operator adds, and media types that the operator knows better."""

import pytest

from support.daemon import running
from support.file_times import wait_until_settled
from support.http_wire import get

CONFIG = """
root = "{root}"
workers = 1

[listen]
tcp = ["[::]:0"]
udp = ["[::]:0"]

[metrics]
listen = "127.0.0.1:0"

[http.media_types]
".dat" = "application/vnd.example.data"
".notes" = "text/x-notes"
"BUILD" = "text/plain"

[[http.headers]]
match = ["*.js", "*.css"]
set = {{ "Cache-Control" = "public, max-age=31536000, immutable" }}

[[http.headers]]
match = "/downloads/**"
set = {{ "Content-Disposition" = "attachment" }}

[[http.headers]]
match = "/api/**"
always = true
set = {{ "Access-Control-Allow-Origin" = "*" }}

[[http.headers]]
match = "*.html"
set = {{ "X-Content-Type-Options" = "", "Vary" = "Cookie" }}

[[http.headers]]
match = "lists/"
set = {{ "X-Robots-Tag" = "noindex" }}
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for name in (
        "app.js",
        "data.dat",
        "my.notes",
        "BUILD",
        "page.html",
        "page.html.gz",
        "downloads/a.iso",
        'downloads/näme "1".iso',
        "api/v1/data.json",
        "lists/app.js",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    wait_until_settled(root / "page.html.gz")
    config = tmp_path_factory.mktemp("config") / "filed.toml"
    config.write_text(CONFIG.format(root=root))
    with running(root, config=config) as daemon:
        yield daemon


def test_a_rule_is_for_the_names_that_it_matches(daemon):
    assert get(daemon.port, "/app.js")["Cache-Control"] == "public, max-age=31536000, immutable"
    assert get(daemon.port, "/lists/app.js")["Cache-Control"].endswith("immutable")
    assert get(daemon.port, "/data.dat")["Cache-Control"] is None


def test_an_answer_that_says_no_only_has_what_is_always_there(daemon):
    assert get(daemon.port, "/missing.js")["Cache-Control"] is None
    assert get(daemon.port, "/api/missing")["Access-Control-Allow-Origin"] == "*"


def test_news_that_nothing_is_new_has_it_too(daemon):
    tag = get(daemon.port, "/app.js")["ETag"]
    answer = get(daemon.port, "/app.js", f"If-None-Match: {tag}")
    assert answer.status == 304
    assert answer["Cache-Control"].endswith("immutable")


def test_a_download_is_given_its_name(daemon):
    assert get(daemon.port, "/downloads/a.iso")["Content-Disposition"] == (
        'attachment; filename="a.iso"'
    )
    value = get(daemon.port, "/downloads/n%C3%A4me%20%221%22.iso")["Content-Disposition"]
    assert value.startswith('attachment; filename="n_me ')
    assert value.endswith("; filename*=UTF-8''n%C3%A4me%20%221%22.iso")


def test_a_page_of_another_origin_may_read_it(daemon):
    preflight = get(
        daemon.port,
        "/api/v1/data.json",
        "Origin: http://elsewhere",
        "Access-Control-Request-Method: GET",
        method="OPTIONS",
    )
    assert preflight.status == 204
    assert preflight["Access-Control-Allow-Origin"] == "*"
    assert get(daemon.port, "/api/v1/data.json")["Access-Control-Allow-Origin"] == "*"


def test_a_field_of_ours_is_replaced_taken_away_or_added_to(daemon):
    answer = get(daemon.port, "/page.html", "Accept-Encoding: gzip")
    assert answer["X-Content-Type-Options"] is None
    assert answer["Vary"] == "Accept-Encoding, Cookie"


def test_a_listing_can_have_some(daemon):
    assert get(daemon.port, "/lists/")["X-Robots-Tag"] == "noindex"
    assert get(daemon.port, "/lists/app.js")["X-Robots-Tag"] is None
    assert get(daemon.port, "/")["X-Robots-Tag"] is None


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("data.dat", "application/vnd.example.data"),
        ("my.notes", "text/x-notes; charset=utf-8"),
        ("BUILD", "text/plain; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
    ],
)
def test_the_operator_knows_media_types_better(daemon, name, media_type):
    assert get(daemon.port, f"/{name}")["Content-Type"] == media_type
