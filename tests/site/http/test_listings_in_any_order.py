"""Whatever happens in whatever order, a listing shows what was there since it was asked for."""

from hypothesis import given, settings
from hypothesis import strategies as st

from filed.site.later import Later
from support.file_times import wait_for_next_tick

STEPS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(["", "1"])),
    st.tuples(st.just("begin")),
    st.tuples(st.just("end")),
    st.tuples(st.just("change"), st.sampled_from(["1", "2", "12"])),
    st.tuples(st.just("pass_time"), st.sampled_from([0.25, 1.0])),
    st.tuples(st.just("forget")),
)


class Use:
    """Does as the steps say, and knows what was there at each moment."""

    def __init__(self, root, asker):
        self._root = root
        self._asker = asker
        self._moments = [frozenset()]
        self._waiting = []

    def ask(self, text):
        answer = self._asker.ask(filter=text)
        if not isinstance(answer, Later):
            assert self._is_of(answer, text, self._moments[-1])
            return
        self._waiting.append((answer, text, len(self._moments) - 1))

    def begin(self):
        if self._asker.threads.given:
            self._asker.threads.begin()

    def end(self):
        if self._asker.threads.begun:
            self._asker.threads.end()

    def change(self, name):
        wait_for_next_tick(self._root)
        before = self._moments[-1]
        path = self._root / name
        path.unlink() if name in before else path.touch()
        self._moments.append(before ^ {name})

    def pass_time(self, seconds):
        self._asker.clock.advance(seconds)
        self._asker.listings.sweep()

    def forget(self):
        if self._waiting:
            self._waiting.pop(0)[0].forget()

    def finish(self):
        """Have all that is waited for made, and hold it against what was there meanwhile."""
        self._asker.threads.run()
        for later, text, since in self._waiting:
            listed = self._asker.got(later)
            assert any(self._is_of(listed, text, moment) for moment in self._moments[since:])

    def _is_of(self, listed, text, moment):
        return set(self._asker.names(listed)) == {name for name in moment if text in name}


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_a_listing_shows_what_was_there_since_it_was_asked_for(tmp_path_factory, asking, steps):
    root = tmp_path_factory.mktemp("place") / "root"
    root.mkdir()
    with asking(root) as asker:
        use = Use(root, asker)
        for name, *arguments in steps:
            getattr(use, name)(*arguments)
        use.finish()
