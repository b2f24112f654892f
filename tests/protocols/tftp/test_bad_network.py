import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filed.protocols.tftp import netascii
from filed.protocols.tftp.transfer import End
from support import tftp
from support.tftp_network import (
    MOST_WAIT_S,
    RETRIES,
    TIMEOUT_S,
    UNANSWERED_S,
    Habits,
    Outcome,
    OutOfOrder,
    Play,
    Weather,
)

# The longest that a transfer can wait for an ACK in vain: waits shorter than the timeout double
# until they are not, and those that count are never longer than a minute.
PATIENCE_S = 2 * TIMEOUT_S + (RETRIES + 1) * MOST_WAIT_S
BYTES = random.Random(1).randbytes(4 * 65536 * 8)
TEXT = bytes(random.Random(2).choices(b"a\r\n\0", k=100_000))

any_weather = settings(deadline=None, suppress_health_check=list(HealthCheck))


def request(blksize=None, windowsize=None, *, mode=b"octet", **options):
    asked = {"blksize": blksize, "windowsize": windowsize, **options}
    known = {name: value for name, value in asked.items() if value is not None}
    return tftp.request(b"file", mode, **known)


def assert_ended_well(play, *, mode=b"octet", resent_before=0):
    """The client has the exact file or knows that it has not, and nothing lives on."""
    client, servings = play.client, play.server.servings
    assert client.outcome is not None
    expected = play.content if mode == b"octet" else netascii.encode(play.content)
    if client.outcome is Outcome.WHOLE:
        assert bytes(client.content) == expected
    for serving in servings:
        assert serving.ended_s is not None
        limit_s = PATIENCE_S if serving.transfer.confirmed else UNANSWERED_S
        assert serving.ended_s <= play.up.delivered_s + limit_s + 1e-6
        if serving.transfer.end is End.DONE:
            assert client.outcome is Outcome.WHOLE or client.peer != serving.port
        assert serving.transfer.resent - resent_before == serving.again
    assert sum(serving.transfer.end is End.DONE for serving in servings) <= 1


def assert_silent_to_strangers(play):
    """Nobody was sent more than one packet for a request before they had confirmed anything."""
    unconfirmed = sum(serving.unconfirmed for serving in play.server.servings)
    assert unconfirmed <= play.server.requests


late = st.sampled_from([0.001, 0.02, 0.3, 1.2, 4.0, 20.0])
arrivals = st.lists(late, max_size=3).map(tuple)
fates = st.none() | st.none() | st.none() | arrivals


@st.composite
def weathers(draw, delay_s):
    return Weather(
        delay_s=delay_s,
        script=tuple(draw(st.lists(fates, max_size=40))),
        rates=draw(
            st.sampled_from([(0, 0, 0)] * 3 + [(2, 0, 0), (10, 5, 5), (0, 5, 20), (50, 5, 5)])
        ),
        late_s=draw(late),
        random=random.Random(draw(st.integers(0, 2**32))),
        busy_s=draw(st.sampled_from([0.0, 0.0, 0.0001, 0.01])),
    )


habits = st.builds(
    Habits,
    out_of_order=st.sampled_from(OutOfOrder),
    timeout_s=st.sampled_from([0.2, 1.0, 5.0]),
    tries=st.integers(0, 6),
    dallies=st.booleans(),
)


@st.composite
def plays(draw, content=BYTES, mode=b"octet"):
    blksize = draw(st.none() | st.integers(8, 40) | st.sampled_from([512, 1428, 1468]))
    windowsize = draw(st.none() | st.integers(1, 4) | st.integers(1, 70))
    blocks = draw(st.integers(0, 20) | st.integers(0, 150))
    size_bytes = blocks * (blksize or 512) + draw(st.integers(-1, 1))
    options = {
        "tsize": draw(st.sampled_from([None, 0])),
        "timeout": draw(st.sampled_from([None, None, 1, 2])),
    }
    delay_s = draw(st.sampled_from([0.0001, 0.005, 0.1, 0.8]))
    return Play(
        content[: max(0, min(size_bytes, 60_000))],
        request(blksize, windowsize, mode=mode, **options),
        draw(habits),
        draw(weathers(delay_s)),
        draw(weathers(delay_s)),
    )


@any_weather
@given(plays())
def test_in_any_weather_a_file_arrives_exactly_or_the_client_knows_that_it_has_not(play):
    play.run()
    assert_ended_well(play)
    assert_silent_to_strangers(play)


@any_weather
@given(plays(TEXT, b"netascii"))
def test_so_does_a_text(play):
    play.run()
    assert_ended_well(play, mode=b"netascii")
    assert_silent_to_strangers(play)


@any_weather
@given(
    st.data(),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([1, 2, 3, 4, 7, 16, 64, 70]),
    st.sampled_from([-1, 0, 1, 5, 30, 100]),
)
def test_so_does_a_file_whose_block_numbers_wrap_just_then(data, wraps, windowsize, ahead):
    begin = (wraps * tftp.NUMBERS - ahead) // windowsize * windowsize
    blocks = data.draw(st.integers(0, 200))
    delay_s = data.draw(st.sampled_from([0.0001, 0.005, 0.1]))
    play = Play(
        BYTES[: (begin + blocks) * 8 + data.draw(st.integers(0, 8))],
        request(8, windowsize),
        data.draw(habits),
        data.draw(weathers(delay_s)),
        data.draw(weathers(delay_s)),
    )
    play.run_from(begin)
    assert_ended_well(play)


def drizzle(seed, delay_s=0.001):
    """Some of each, and nothing later than the numbers take to wrap."""
    return Weather(delay_s, rates=(1, 1, 1), late_s=0.01, random=random.Random(seed))


@pytest.mark.parametrize("mode", [b"octet", b"netascii"])
@pytest.mark.parametrize("windowsize", [1, 7, 64])
@pytest.mark.parametrize("weather", [lambda _seed: Weather(0.001), drizzle])
def test_a_whole_file_arrives_whose_block_numbers_wrap(mode, windowsize, weather):
    content = BYTES[: 65600 * 8]
    play = Play(content, request(8, windowsize, mode=mode), Habits(), weather(1), weather(2))
    play.run()
    assert play.client.outcome is Outcome.WHOLE
    assert_ended_well(play, mode=mode)


calm_habits = st.builds(Habits, st.sampled_from(OutOfOrder), timeout_s=st.just(4 * UNANSWERED_S))


@any_weather
@given(
    blocks=st.integers(0, 300),
    odd=st.integers(0, 7),
    windowsize=st.none() | st.integers(1, 70),
    habits=calm_habits,
    delay_s=st.floats(0, 0.99 * UNANSWERED_S / 2),
)
def test_where_nothing_is_lost_nothing_is_sent_twice_however_long_it_takes(
    blocks, odd, windowsize, habits, delay_s
):
    weather = Weather(delay_s)
    play = Play(BYTES[: blocks * 8 + odd], request(8, windowsize), habits, weather, weather)
    play.run()
    assert play.client.outcome is Outcome.WHOLE
    assert_ended_well(play)
    (serving,) = play.server.servings
    assert serving.transfer.end is End.DONE
    assert serving.transfer.resent == serving.transfer.ignored == 0
    assert play.down.packets == 1 + (blocks + 1)
    assert play.up.packets == 2 + -(-(blocks + 1) // (windowsize or 1))


# Clients so old that they confirm each block by its own number know no windows.
BY_THE_RFC = [OutOfOrder.NOTHING, OutOfOrder.ONE_ACK, OutOfOrder.ACKS]
CLIENTS = [(1, OutOfOrder.ITS_NUMBER), *itertools.product([1, 4, 16, 64], BY_THE_RFC)]


@any_weather
@given(
    blocks=st.integers(1, 400),
    client=st.sampled_from(CLIENTS) | st.tuples(st.integers(1, 70), st.sampled_from(BY_THE_RFC)),
    delay_s=st.sampled_from([0.0001, 0.005, 0.1]),
    busy=st.sampled_from([0.0, 0.0, 0.01, 0.1]),
    rates=st.sampled_from([(2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 1, 1), (0, 0, 0)]),
    script=st.lists(st.none() | arrivals, max_size=5),
    random=st.randoms(use_true_random=False),
)
def test_each_trouble_costs_some_windows_and_not_what_follows(
    *, blocks, client, delay_s, busy, rates, script, random
):
    windowsize, out_of_order = client
    habits = Habits(out_of_order, timeout_s=1.0, tries=20)
    weather = Weather(
        delay_s, tuple(script), rates, late_s=2 * delay_s, random=random, busy_s=busy * delay_s
    )
    play = Play(BYTES[: blocks * 8], request(8, windowsize), habits, weather, weather)
    play.run()
    assert_ended_well(play)
    # That a line takes longer for a window than for the first reply has to be learnt once.
    troubles = play.down.troubles + play.up.troubles + play.client.timeouts + 1
    resent = sum(serving.transfer.resent for serving in play.server.servings)
    assert resent <= 8 * windowsize * troubles


@pytest.mark.parametrize(("windowsize", "out_of_order"), CLIENTS)
@pytest.mark.parametrize(
    ("to_client", "to_server"),
    [
        (((), None, None, (0.01, 0.01)), ()),  # a block doubled, after a repeated first reply
        ((None, None, None, (0.01, 0.01)), ()),  # a block doubled
        ((None, None, (0.015,)), ()),  # one that came late
        ((None,) * 5 + ((),), ()),  # one that was lost
        ((), ((0.01, 0.01),)),  # the request doubled
        ((), ((0.01, 0.05),)),  # and late
        ((), (None, (0.01, 0.01))),  # an ACK doubled
        ((), (None, None, (0.01, 0.02))),  # and late
        ((), (None, None, ())),  # one that was lost
    ],
)
def test_the_sorcerer_s_apprentice_is_kept_from_the_broom(
    to_client, to_server, windowsize, out_of_order
):
    play = Play(
        BYTES[: 1000 * 8],
        request(8, windowsize),
        Habits(out_of_order),
        Weather(0.01, to_client),
        Weather(0.01, to_server),
    )
    play.run()
    assert play.client.outcome is Outcome.WHOLE
    assert_ended_well(play)
    assert sum(serving.transfer.resent for serving in play.server.servings) <= 5 * windowsize


@pytest.mark.parametrize("windowsize", [None, 4, 64])
@pytest.mark.parametrize("again_s", [0.0, 0.005, 0.02, 0.03, 0.05, 1.0, 30.0])
@pytest.mark.parametrize("dallies", [True, False])
def test_a_request_that_comes_twice_ends_in_one_transfer(windowsize, again_s, dallies):
    play = Play(
        BYTES[: 100 * 512],
        request(512, windowsize),
        Habits(dallies=dallies),
        Weather(0.01),
        Weather(0.01, ((0.01, 0.01 + again_s),)),
    )
    play.run()
    assert play.client.outcome is Outcome.WHOLE
    assert_ended_well(play)
    assert_silent_to_strangers(play)
    ends = [serving.transfer.end for serving in play.server.servings]
    assert ends[0] is End.DONE
    assert ends[1:] in ([], [End.DOUBLED], [End.UNANSWERED])


def test_a_client_that_asks_anew_from_the_same_port_gets_another_transfer():
    play = Play(BYTES[: 100 * 512], request(512, 4), Habits())
    play.client.ask()
    play.events.at(play.events.now_s + 0.25, play.restart)
    play.events.run(10_000)
    assert play.client.outcome is Outcome.WHOLE
    assert bytes(play.client.content) == play.content
    former, current = play.server.servings
    assert former.ended_s < current.ended_s
    assert current.transfer.end is End.DONE


@pytest.mark.parametrize("windowsize", [None, 1, 4, 64])
@pytest.mark.parametrize("after", [0, 1, 2, 3, 10])
def test_a_client_that_is_heard_no_more_is_given_up(windowsize, after):
    gone = Weather(script=(None,) * after, rates=(100, 0, 0), random=random.Random(1))
    play = Play(BYTES[: 10_000 * 8], request(8, windowsize), Habits(tries=3), Weather(), gone)
    play.run()
    assert play.client.outcome is Outcome.FAILED
    assert_ended_well(play)
    ends = [serving.transfer.end for serving in play.server.servings]
    assert ends == [[], [End.UNANSWERED], [End.TIMEOUT]][min(after, 2)]


@pytest.mark.parametrize("windowsize", [1, 4, 64])
@pytest.mark.parametrize("slow_s", [0.03, 0.06, 0.3, 0.9])
def test_a_client_that_becomes_slower_is_soon_sent_everything_but_once_again(windowsize, slow_s):
    slow = Weather(0.0001, (None,) * 20 + ((slow_s,),) * 2000)
    play = Play(
        BYTES[: 1000 * windowsize * 8],
        request(8, windowsize),
        Habits(timeout_s=5.0),
        Weather(0.0001),
        slow,
    )
    play.run()
    assert play.client.outcome is Outcome.WHOLE
    (serving,) = play.server.servings
    assert serving.transfer.resent <= 30 * windowsize


@pytest.mark.parametrize("out_of_order", BY_THE_RFC)
@pytest.mark.parametrize("busy_s", [0.0001, 0.001, 0.003])
def test_neither_does_a_line_on_which_a_window_takes_long_carry_all_of_them_twice(
    busy_s, out_of_order
):
    line = Weather(0.0001, busy_s=busy_s)
    play = Play(BYTES[: 1000 * 64 * 8], request(8, 64), Habits(out_of_order), line, Weather(0.0001))
    play.run()
    assert play.client.outcome is Outcome.WHOLE
    (serving,) = play.server.servings
    assert serving.transfer.resent <= 15 * 64
