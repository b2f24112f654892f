from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from filed.files.cache import Cache
from filed.files.errors import NotFound
from filed.files.tree import Tree
from support.descriptors import open_descriptors
from support.hand_clock import HandClock

SMALL_BYTES = 100
# Long after any file of the tests was written: all of them are settled.
LATER_S = 3600.0
MAX_ENTRIES, MAX_BYTES, MAX_DESCRIPTORS = 4, 250, 2
FILES = st.integers(0, 7)
STEPS = st.one_of(
    st.tuples(st.just("find"), FILES),
    st.tuples(st.just("find_and_keep"), FILES, st.integers(0, 300)),
    st.tuples(st.just("rebuild"), FILES),
    st.tuples(st.just("write"), FILES, st.integers(0, 2 * SMALL_BYTES)),
    st.tuples(st.just("delete"), FILES),
    st.tuples(st.just("turn"), st.sampled_from([0.0, 1.0, 6.0])),
    st.tuples(st.just("sweep")),
)


class Use:
    """A cache in use, over files that come, change and go."""

    def __init__(self, root, clock, cache):
        self._root = root
        self._clock = clock
        self._cache = cache

    def find(self, number):
        try:
            return self._cache.find(b"%d" % number)
        except NotFound:
            return None

    def find_and_keep(self, number, size_bytes):
        entry = self.find(number)
        if entry is not None:
            self._cache.keep(entry, size_bytes, "a reply", size_bytes)

    def rebuild(self, number):
        entry = self.find(number)
        if entry is not None:
            self._cache.rebuild(entry, epoch=1)

    def write(self, number, size_bytes):
        (self._root / str(number)).write_bytes(b"x" * size_bytes)
        self.turn(0.0)

    def delete(self, number):
        (self._root / str(number)).unlink(missing_ok=True)
        self.turn(0.0)

    def turn(self, seconds):
        self._clock.advance(seconds)

    def sweep(self):
        self._cache.sweep()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_the_bounds_hold_under_any_use(tmp_path_factory, steps):
    root = tmp_path_factory.mktemp("root")
    clock = HandClock()
    clock.wall_s = root.stat().st_ctime + LATER_S
    with closing(Tree(root, "inside")) as tree:
        cache = Cache(
            tree,
            clock,
            max_entries=MAX_ENTRIES,
            max_bytes=MAX_BYTES,
            small_bytes=SMALL_BYTES,
            max_descriptors=MAX_DESCRIPTORS,
        )
        use = Use(root, clock, cache)
        for name, *arguments in steps:
            getattr(use, name)(*arguments)
            assert len(cache) <= MAX_ENTRIES
            assert 0 <= cache.bytes <= MAX_BYTES
            assert len(open_descriptors(root)) <= MAX_DESCRIPTORS
        clock.advance(100.0)
        for number in range(8):
            use.delete(number)
            assert use.find(number) is None
        assert (len(cache), cache.bytes, open_descriptors(root)) == (0, 0, [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.tuples(st.just("find"), FILES), STEPS), max_size=60))
def test_what_is_found_is_what_is_there(tmp_path_factory, steps):
    root = tmp_path_factory.mktemp("root")
    clock = HandClock()
    clock.wall_s = root.stat().st_ctime + LATER_S
    with closing(Tree(root, "inside")) as tree:
        bounds = {"max_entries": 6, "max_bytes": 10_000, "max_descriptors": 3}
        use = Use(root, clock, Cache(tree, clock, small_bytes=SMALL_BYTES, **bounds))
        for name, *arguments in steps:
            found = getattr(use, name)(*arguments)
            if name == "find":
                path = root / str(arguments[0])
                size = None if found is None else found.version.size_bytes
                assert size == (path.stat().st_size if path.exists() else None)
