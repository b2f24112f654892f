import pytest

from filed.settings.field_rules import FieldRule
from filed.site.http.field_rules import FieldRules

OURS = [
    (b"Last-Modified", b"Thu, 01 Jan 2026 00:00:00 GMT"),
    (b"Vary", b"Accept-Encoding"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Content-Type", b"text/css"),
]
PATH = b"/assets/site.css"


def rule(match="*", *, always=False, **fields):
    values = {name.replace("_", "-"): value for name, value in fields.items()}
    return FieldRule(match=match, set=values, always=always)


def applied(*rules, path=PATH, fields=OURS, failed=False, content=True):
    return FieldRules(rules).apply(path, fields, failed=failed, content=content)


def added(*rules, **answer):
    """What rules add to an answer that has no fields."""
    return applied(*rules, fields=[], **answer)


@pytest.mark.parametrize("rules", [[], [rule("*.html", X_A="a")], [rule("assets/", X_A="a")]])
def test_without_a_rule_that_matches_the_fields_stay_as_they_are(rules):
    given = list(OURS)
    found = applied(*rules, fields=given)
    assert found == OURS
    found.append((b"Date", b"x"))
    assert given == OURS


def test_a_field_of_a_rule_comes_last():
    assert applied(rule("*.css", Cache_Control="no-cache")) == [
        *OURS,
        (b"Cache-Control", b"no-cache"),
    ]


def test_a_field_of_ours_is_replaced_where_it_stands_whatever_its_case():
    assert applied(rule(x_content_type_options="x"))[2] == (b"x-content-type-options", b"x")
    assert len(applied(rule(x_content_type_options="x"))) == len(OURS)


def test_an_empty_value_takes_a_field_out():
    found = applied(rule(x_content_type_options="", X_Other=""))
    assert found == [*OURS[:2], OURS[3]]


def test_later_rules_win():
    first = rule(Cache_Control="no-cache", X_A="a")
    last = rule("*.css", cache_control="no-store")
    assert added(first, last) == [(b"cache-control", b"no-store"), (b"X-A", b"a")]
    assert added(last, first) == [(b"Cache-Control", b"no-cache"), (b"X-A", b"a")]
    assert added(first, rule(X_A="")) == [(b"Cache-Control", b"no-cache")]
    assert added(rule(X_A=""), first) == [(b"Cache-Control", b"no-cache"), (b"X-A", b"a")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["Origin"], b"Accept-Encoding, Origin"),
        (["accept-encoding"], b"Accept-Encoding"),
        (["Origin, Accept-Encoding ,, origin"], b"Accept-Encoding, Origin"),
        (["Origin", "Accept"], b"Accept-Encoding, Origin, Accept"),
        (["*"], b"*"),
        (["Origin", "", "Accept"], b"Accept"),
    ],
)
def test_vary_is_added_to(values, expected):
    assert dict(applied(*(rule(Vary=value) for value in values)))[b"Vary"] == expected


def test_vary_can_be_taken_out():
    assert b"Vary" not in dict(applied(rule(Vary="")))


def test_several_fields_of_ours_with_one_name_are_all_replaced():
    ours = [(b"Link", b"<a>"), (b"X-A", b"a"), (b"Link", b"<b>")]
    assert applied(rule(Link="<c>"), fields=ours) == [(b"Link", b"<c>"), (b"X-A", b"a")]
    assert applied(rule(Link=""), fields=ours) == [(b"X-A", b"a")]
    assert sorted(applied(rule(X_B="b"), fields=ours)) == sorted([*ours, (b"X-B", b"b")])


def test_errors_and_redirects_get_only_what_is_always_set():
    rules = [rule(X_A="a"), rule(always=True, X_B="b")]
    assert added(*rules) == [(b"X-A", b"a"), (b"X-B", b"b")]
    assert added(*rules, failed=True) == [(b"X-B", b"b")]


@pytest.mark.parametrize(
    "name",
    ["Cache-Control", "Content-Location", "Content-Security-Policy", "Vary", "X-Content-Type"],
)
def test_a_not_modified_has_what_is_not_about_the_content(name):
    given = FieldRule(match="*", set={name: "x"})
    assert added(given, content=False) == [(name.encode(), b"x")]


@pytest.mark.parametrize("name", ["Content-Disposition", "content-language", "Content-Digest"])
def test_a_not_modified_has_nothing_about_the_content(name):
    given = FieldRule(match="*", set={name: "x", "X-A": "a"})
    assert added(given, content=False) == [(b"X-A", b"a")]
    assert b"X-A" in dict(added(given))
    assert name.encode() in dict(added(given))


def test_rules_are_for_paths():
    rules = [rule("/assets/**", X_A="a"), rule("*/", X_B="b"), rule(["*.js", "*.css"], X_C="c")]
    assert added(*rules, path=b"/assets/site.css") == [(b"X-A", b"a"), (b"X-C", b"c")]
    assert added(*rules, path=b"/assets/") == [(b"X-A", b"a"), (b"X-B", b"b")]
    assert added(*rules, path=b"/") == [(b"X-B", b"b")]
    assert added(*rules, path=b"/\xff.js") == [(b"X-C", b"c")]


def test_a_disposition_is_completed_with_the_name_of_the_file():
    attachment = rule(Content_Disposition="attachment")
    assert added(attachment, path=b"/a/b c.iso") == [
        (b"Content-Disposition", b'attachment; filename="b c.iso"')
    ]
    assert added(rule(Content_Disposition='inline; filename="x"'), path=b"/y") == [
        (b"Content-Disposition", b'inline; filename="x"')
    ]


def test_what_is_no_file_gives_a_disposition_no_name():
    plain = [(b"Content-Disposition", b"attachment")]
    of_listings = rule(match="*/", Content_Disposition="attachment")
    assert added(of_listings, path=b"/a/") == plain
    attachment = rule(always=True, Content_Disposition="attachment")
    assert added(attachment, path=b"/a/none.iso", failed=True) == plain


@pytest.mark.parametrize("field", ["Content_Disposition", "Content_Security_Policy"])
def test_how_files_are_to_be_shown_is_not_meant_for_the_listings_among_them(field):
    for match in ("/a/**", "*"):
        other = [(b"X", b"y")]
        assert added(rule(match=match, X="y", **{field: "z"}), path=b"/a/") == other
        assert added(rule(match=match, X="y", **{field: "z"}), path=b"/a/b/") == other
        assert len(added(rule(match=match, X="y", **{field: "z"}), path=b"/a/b")) == 2
