import pytest
from hypothesis import given
from hypothesis import strategies as st

from filed.protocols.tftp.options import MAX_WINDOWSIZE, Terms
from filed.protocols.tftp.packets import ErrorCode, error, oack
from filed.protocols.tftp.patience import Patience
from filed.protocols.tftp.transfer import End, Transfer, Window
from support import tftp
from support.tftp import ack

TIMEOUT_S, RETRIES, UNANSWERED_S = 1.0, 2, 3.0
NO_ACK = error(ErrorCode.NOT_DEFINED, "no ACK came in time")
ROUND_TRIP_S = 0.1
BEGAN_S = 100.0


def transfer_of(last, windowsize=1, *, timeout_s=None, agreed=None):
    """A transfer of so many blocks that has not sent anything; with an OACK unless in lockstep."""
    agreed = windowsize > 1 if agreed is None else agreed
    terms = Terms(
        windowsize=windowsize,
        timeout_s=timeout_s,
        oack=oack({b"windowsize": windowsize}) if agreed else b"",
    )
    patience = Patience(TIMEOUT_S, RETRIES, timeout_s)
    return Transfer(terms, patience, last=last, unanswered_s=UNANSWERED_S)


class Passing:
    """A transfer under way, and the time."""

    def __init__(self, last, windowsize, **options):
        self.transfer = transfer_of(last, windowsize, **options)
        self.now_s = BEGAN_S
        self.transfer.greet(self.now_s)

    def ack(self, *blocks, after_s=ROUND_TRIP_S):
        """Have these ACKs arrive at once; return what the last of them leads to."""
        self.now_s += after_s
        for block in blocks:
            action = self.transfer.receive(ack(block), self.now_s)
        return action

    def wake(self):
        """Wake it when it wants to be."""
        self.now_s = self.transfer.wake_s
        return self.transfer.wake(self.now_s)


def under_way(last, windowsize, acked=0, **options):
    """One that has sent the window after `acked`, a multiple of it, and knows its round trip."""
    passing = Passing(last, windowsize, **options)
    for block in range(0 if passing.transfer.terms.oack else 1, acked + 1, windowsize):
        passing.ack(block)
    return passing


def test_in_lockstep_each_block_waits_for_the_ack_of_the_one_before():
    transfer = transfer_of(3)
    assert transfer.greet(0.0) == Window(1, 1)
    assert transfer.receive(ack(1), 0.1) == Window(2, 1)
    assert transfer.receive(ack(2), 0.2) == Window(3, 1)
    assert transfer.receive(ack(3), 0.3) is None
    assert transfer.end is End.DONE
    assert (transfer.resent, transfer.ignored) == (0, 0)


def test_one_block_is_all_that_there_is_of_an_empty_file():
    transfer = transfer_of(1)
    assert transfer.greet(0.0) == Window(1, 1)
    assert transfer.receive(ack(1), 0.1) is None
    assert transfer.end is End.DONE


def test_where_options_are_agreed_on_the_oack_waits_for_its_ack():
    transfer = transfer_of(1, agreed=True)
    assert transfer.greet(0.0) == transfer.terms.oack
    assert not transfer.confirmed
    assert transfer.receive(ack(0), 0.1) == Window(1, 1)
    assert transfer.confirmed
    assert transfer.receive(ack(1), 0.2) is None
    assert transfer.end is End.DONE


def test_each_window_waits_for_the_ack_of_the_last_block_before_it():
    passing = Passing(10, 4)
    assert passing.ack(0) == Window(1, 4)
    assert passing.ack(4) == Window(5, 4)
    assert passing.ack(8) == Window(9, 2)
    assert passing.ack(10) is None
    assert passing.transfer.end is End.DONE
    assert passing.transfer.resent == 0


def test_a_window_may_be_larger_than_the_file():
    passing = Passing(3, 64)
    assert passing.ack(0) == Window(1, 3)
    assert passing.ack(3) is None
    assert passing.transfer.end is End.DONE


def test_a_file_may_show_its_end_only_when_that_is_made():
    passing = Passing(None, 4)
    assert passing.ack(0) == Window(1, 4)
    assert passing.ack(4) == Window(5, 4)
    passing.transfer.ends_with(6)
    assert passing.ack(8) is None  # it was never sent
    assert passing.transfer.ignored == 1
    assert passing.ack(5) == Window(6, 1)
    assert passing.transfer.resent == 1
    assert passing.ack(6) is None
    assert passing.transfer.end is End.DONE


@pytest.mark.parametrize("agreed", [False, True])
@pytest.mark.parametrize("block", [2, 3, 65535])
def test_an_ack_of_what_was_not_sent_confirms_nobody(agreed, block):
    transfer = transfer_of(10, agreed=agreed)
    transfer.greet(0.0)
    assert transfer.receive(ack(block), 0.1) is None
    assert transfer.receive(ack(1 if agreed else 0), 0.1) is None
    assert not transfer.confirmed
    assert transfer.ignored == 2
    assert transfer.wake_s == UNANSWERED_S


@pytest.mark.parametrize("block", [0, 7, 13, 14, 100, 32768, 65535])
def test_an_ack_outside_the_window_means_nothing(block):
    passing = under_way(100, 4, acked=8)
    wake_s = passing.transfer.wake_s
    assert passing.ack(block) is None
    assert (passing.transfer.ignored, passing.transfer.resent) == (1, 0)
    assert passing.transfer.wake_s == wake_s
    assert passing.ack(12) == Window(13, 4)


@pytest.mark.parametrize("acked", [9, 10, 11])
def test_an_ack_of_a_block_within_the_window_begins_the_next_one_after_it(acked):
    passing = under_way(100, 4, acked=8)
    assert passing.ack(acked) == Window(acked + 1, 4)
    assert passing.transfer.resent == 12 - acked
    assert passing.transfer.wake_s > passing.now_s
    assert passing.ack(acked + 4) == Window(acked + 5, 4)


def test_a_doubled_ack_in_lockstep_is_followed_by_nothing():
    passing = under_way(10, 1, acked=3)
    wake_s = passing.transfer.wake_s
    assert passing.ack(3, 3, 3) is None
    assert passing.ack(2, 1) is None
    assert passing.transfer.resent == 0
    assert passing.transfer.wake_s == wake_s
    assert passing.wake() == Window(4, 1)


def test_a_doubled_ack_in_a_window_is_heeded_once_and_does_not_make_the_wait_longer():
    passing = under_way(100, 4, acked=8)
    wake_s = passing.transfer.wake_s
    assert passing.ack(8) == Window(9, 4)
    for _ in range(100):
        assert passing.ack(8, after_s=0.0) is None
    assert passing.transfer.wake_s == wake_s
    assert passing.transfer.resent == 4
    assert passing.wake() == Window(9, 4)
    assert passing.ack(8, after_s=0.0) is None


def test_a_client_that_only_repeats_itself_is_given_up_all_the_same():
    passing = under_way(100, 4, acked=8)
    sent = 0
    while passing.transfer.end is None:
        assert passing.now_s < BEGAN_S + 100
        sent += isinstance(passing.ack(8, after_s=0.01), Window)
        sent += isinstance(passing.transfer.wake(passing.now_s), Window)
    assert passing.transfer.end is End.TIMEOUT
    assert sent < 10


def test_a_doubled_packet_does_not_double_what_follows():
    passing = under_way(100, 4, acked=8)
    assert passing.ack(8) == Window(9, 4)
    assert passing.ack(12) == Window(13, 4)
    assert passing.ack(12, 12, 12, 12, after_s=0.0) is None  # of the blocks that came twice
    assert passing.ack(16) == Window(17, 4)
    assert passing.transfer.resent == 4
    # From then on such an ACK is again the sign of a loss.
    assert passing.ack(16) == Window(17, 4)


def test_a_doubled_request_doubles_nothing_that_follows():
    passing = Passing(100, 4)
    assert passing.transfer.greet(passing.now_s + 0.01) == passing.transfer.terms.oack
    assert passing.ack(0) == Window(1, 4)
    assert passing.ack(0, after_s=0.01) is None
    assert passing.ack(4) == Window(5, 4)
    assert passing.transfer.resent == 1


def test_after_the_clock_has_sent_again_an_ack_may_tell_of_what_the_client_had_before():
    passing = under_way(100, 4, acked=8)
    assert passing.wake() == Window(9, 4)
    assert passing.ack(10) == Window(13, 2)
    assert passing.ack(10) is None
    assert passing.ack(14) == Window(15, 4)
    assert passing.transfer.resent == 4


def test_the_one_that_follows_tells_of_a_loss():
    passing = under_way(100, 4, acked=8)
    assert passing.wake() == Window(9, 4)
    assert passing.ack(10) == Window(13, 2)
    assert passing.ack(11) == Window(12, 4)


def test_so_may_one_after_another_ack_where_it_is_of_all_that_was_sent_before():
    passing = under_way(100, 4, acked=8)
    assert passing.ack(9) == Window(10, 4)
    assert passing.ack(12) == Window(14, 3)
    assert passing.ack(16) == Window(17, 4)
    assert passing.transfer.resent == 3


def test_one_of_less_than_that_tells_of_a_second_loss():
    passing = under_way(100, 4, acked=8)
    assert passing.ack(9) == Window(10, 4)
    assert passing.ack(11) == Window(12, 4)
    assert passing.transfer.resent == 3 + 2


def test_but_not_sooner_than_a_round_trip_after_the_first():
    passing = under_way(100, 4, acked=8)
    assert passing.ack(9) == Window(10, 4)
    assert passing.ack(10, after_s=ROUND_TRIP_S / 2) == Window(14, 1)
    assert passing.ack(11, after_s=0.0) == Window(15, 1)
    assert passing.transfer.resent == 3
    assert passing.wake() == Window(12, 4)


def test_a_client_that_confirms_every_block_of_a_window_is_not_sent_a_window_for_each():
    passing = under_way(1000, 64)
    sent = 0
    for block in range(1, 64):
        sent += passing.ack(block, after_s=0.0).length
    assert sent == 64 + 62


def test_nothing_is_new_in_the_last_window():
    passing = under_way(10, 4, acked=8)
    assert passing.wake() == Window(9, 2)
    assert passing.ack(9) is None
    assert passing.wake() == Window(10, 1)
    assert passing.ack(10) is None
    assert passing.transfer.end is End.DONE


@pytest.mark.parametrize("windowsize", [1, 4, 10, 64, 1000, MAX_WINDOWSIZE])
def test_block_numbers_wrap_as_often_as_it_takes(windowsize):
    last = 3 * tftp.NUMBERS + 1
    passing = Passing(last, windowsize, agreed=True)
    window, sent = passing.ack(0, after_s=0.0), 0
    while window is not None:
        assert window == Window(sent + 1, min(windowsize, last - sent))
        sent += window.length
        window = passing.ack(sent, after_s=0.0)
    assert sent == last
    assert passing.transfer.end is End.DONE
    assert (passing.transfer.resent, passing.transfer.ignored) == (0, 0)


@pytest.mark.parametrize("acked", [65532, 65536, 131068])
def test_a_block_is_missed_across_the_wrap(acked):
    passing = under_way(200_000, 4, acked=acked)
    assert passing.ack(acked) == Window(acked + 1, 4)
    assert passing.ack(acked + 2) == Window(acked + 3, 4)
    assert passing.ack(acked - 1) is None
    assert passing.transfer.ignored == 1


@pytest.mark.parametrize("back", [1, 2, 1000, MAX_WINDOWSIZE - 1, MAX_WINDOWSIZE])
def test_a_late_ack_of_the_window_before_is_not_taken_for_one_of_the_largest_window(back):
    acked = 2 * MAX_WINDOWSIZE
    passing = under_way(300_000, MAX_WINDOWSIZE, acked=acked)
    assert passing.ack(acked - back) is None
    assert passing.transfer.ignored == 1
    assert passing.ack(acked + MAX_WINDOWSIZE) == Window(acked + MAX_WINDOWSIZE + 1, MAX_WINDOWSIZE)


@pytest.mark.parametrize("windowsize", [1, 4])
def test_before_the_first_ack_nothing_is_sent_by_the_clock(windowsize):
    transfer = transfer_of(10, windowsize)
    transfer.greet(BEGAN_S)
    assert transfer.wake_s == BEGAN_S + UNANSWERED_S
    assert transfer.wake(transfer.wake_s - 0.001) is None
    assert transfer.end is None
    assert transfer.wake(transfer.wake_s) is None
    assert transfer.end is End.UNANSWERED
    assert transfer.resent == 0


def test_an_answer_that_has_not_come_may_be_waited_for_less_long():
    transfer = transfer_of(10, 4)
    transfer.greet(BEGAN_S)
    transfer.hurry(BEGAN_S + 2)
    transfer.hurry(BEGAN_S + 2.5)
    assert transfer.wake_s == BEGAN_S + 2
    assert transfer.wake(BEGAN_S + 2) is None
    assert transfer.end is End.UNANSWERED


def test_a_client_that_has_answered_is_not_hurried():
    passing = under_way(100, 4, acked=8)
    wake_s = passing.transfer.wake_s
    passing.transfer.hurry(passing.now_s)
    assert passing.transfer.wake_s == wake_s


@pytest.mark.parametrize("windowsize", [1, 4])
def test_a_repeated_request_gets_the_first_reply_again(windowsize):
    transfer = transfer_of(10, windowsize)
    first = transfer.greet(BEGAN_S)
    assert transfer.greet(BEGAN_S + 1) == first
    assert transfer.greet(BEGAN_S + 2) == first
    assert transfer.resent == 2
    assert transfer.wake_s == BEGAN_S + 2 + UNANSWERED_S


@pytest.mark.parametrize("windowsize", [1, 4])
@pytest.mark.parametrize("code", [0, 1, 4, 5, 8, 9, 65535])
def test_an_error_ends_it_and_is_never_answered(windowsize, code):
    passing = under_way(10, windowsize, acked=4)
    assert passing.transfer.receive(tftp.error(code), passing.now_s) is None
    assert passing.transfer.end is End.PEER


def test_a_client_that_has_met_another_transfer_already_has_sent_its_request_twice():
    transfer = transfer_of(10, 4)
    transfer.greet(BEGAN_S)
    assert transfer.receive(tftp.error(5), BEGAN_S) is None
    assert transfer.end is End.DOUBLED


@pytest.mark.parametrize("code", [0, 1, 8])
def test_a_client_may_refuse_what_is_offered(code):
    transfer = transfer_of(10, 4)
    transfer.greet(BEGAN_S)
    assert transfer.receive(tftp.error(code), BEGAN_S) is None
    assert transfer.end is End.DECLINED


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0",
        b"\0\4",
        b"\0\4\0",
        b"\0\5",
        b"\0\5\0",
        b"\0\0\0\4",
        b"\0\3\0\4",
        b"\0\6\0\4",
        b"\0\7\0\4",
        b"\4\0\0\4",
        b"\xff\xff\0\4",
        tftp.request(b"boot.bin"),
        tftp.request(b"boot.bin", opcode=tftp.WRQ),
    ],
)
def test_anything_else_means_nothing(packet):
    passing = under_way(100, 4, acked=8)
    wake_s = passing.transfer.wake_s
    assert passing.transfer.receive(packet, passing.now_s) is None
    assert passing.transfer.end is None
    assert passing.transfer.ignored == 1
    assert passing.transfer.wake_s == wake_s
    assert passing.ack(12) == Window(13, 4)


def test_an_ack_may_be_followed_by_anything():
    passing = under_way(100, 4, acked=8)
    assert passing.transfer.receive(ack(12) + b"\0" * 60, passing.now_s) == Window(13, 4)


@pytest.mark.parametrize("windowsize", [1, 4])
def test_what_no_ack_has_come_for_is_sent_again_ever_more_seldom_until_it_is_given_up(windowsize):
    passing = under_way(100, windowsize, acked=8)
    waits_s, before_s = [], passing.now_s
    while (action := passing.wake()) == Window(9, windowsize):
        waits_s.append(passing.now_s - before_s)
        before_s = passing.now_s
    assert action == NO_ACK
    assert passing.transfer.end is End.TIMEOUT
    waits_s.append(passing.now_s - before_s)
    assert waits_s == pytest.approx([waits_s[0] * 2**n for n in range(len(waits_s))])
    assert ROUND_TRIP_S < waits_s[0] < 3 * ROUND_TRIP_S
    assert sum(wait_s >= TIMEOUT_S for wait_s in waits_s) == RETRIES + 1
    assert passing.transfer.resent == windowsize * (len(waits_s) - 1)


def test_woken_before_its_time_it_does_nothing():
    passing = under_way(100, 4, acked=8)
    assert passing.transfer.wake(passing.transfer.wake_s - 0.001) is None
    assert passing.transfer.resent == 0
    assert passing.wake() == Window(9, 4)


def test_a_client_that_has_said_how_long_to_wait_is_waited_for_so_long_each_time():
    passing = under_way(100, 4, acked=8, timeout_s=7)
    for tries in range(RETRIES + 1):
        assert passing.transfer.wake_s == pytest.approx(passing.now_s + 7)
        assert passing.wake() == (Window(9, 4) if tries < RETRIES else NO_ACK)
    assert passing.transfer.end is End.TIMEOUT


def test_an_ack_of_anything_new_begins_the_tries_anew():
    passing = under_way(100, 4, acked=8)
    for _ in range(3):
        while passing.transfer.wake_s - passing.now_s < TIMEOUT_S:
            passing.wake()
        for _ in range(RETRIES):
            assert passing.wake() == Window(passing.transfer.acked + 1, 4)
        passing.ack(passing.transfer.acked + 4)
    assert passing.transfer.end is None


@pytest.mark.parametrize("windowsize", [1, 4])
def test_the_wait_follows_the_round_trip(windowsize):
    passing = Passing(1000, windowsize, agreed=True)
    passing.ack(0)
    assert passing.transfer.wake_s - passing.now_s == pytest.approx(3 * ROUND_TRIP_S)
    for window in range(1, 50):
        passing.ack(window * windowsize)
    assert passing.transfer.wake_s - passing.now_s == pytest.approx(ROUND_TRIP_S + 0.01)


# Not each window is measured.
@pytest.mark.parametrize("acked", [40, 44, 48, 52])
def test_the_ack_of_what_was_sent_twice_is_no_measure(acked):
    passing = under_way(1000, 4, acked=acked)
    wait_s = passing.transfer.wake_s - passing.now_s
    assert passing.wake() == Window(acked + 1, 4)
    # Is it of the first time, or of the second?
    assert passing.ack(acked + 4, after_s=0.0001) == Window(acked + 5, 4)
    assert passing.transfer.wake_s - passing.now_s == pytest.approx(2 * wait_s)
    assert passing.ack(acked + 8) == Window(acked + 9, 4)
    assert passing.transfer.wake_s - passing.now_s < 1.1 * wait_s


@pytest.mark.parametrize("acked", [40, 44, 48, 52])
def test_neither_is_that_of_a_part_of_a_window(acked):
    passing = under_way(1000, 4, acked=acked)
    wait_s = passing.transfer.wake_s - passing.now_s
    assert passing.ack(acked + 2, after_s=wait_s / 2) == Window(acked + 3, 4)
    assert passing.transfer.wake_s - passing.now_s == pytest.approx(wait_s)


def test_neither_is_that_of_a_first_reply_that_was_sent_twice():
    passing = Passing(1000, 4)
    passing.transfer.greet(passing.now_s + 0.0999)
    passing.ack(0)
    assert passing.transfer.wake_s - passing.now_s == TIMEOUT_S


def test_a_client_that_says_what_it_misses_is_not_slow():
    passing = under_way(1000, 4, acked=40)
    wait_s = passing.transfer.wake_s - passing.now_s
    passing.wake()
    passing.wake()
    assert passing.ack(42) is not None
    assert passing.transfer.wake_s - passing.now_s == pytest.approx(wait_s)


class Reading:
    """What a client may make of a transfer, from what RFC 1350 and 7440 say alone.

    Attributes:
        acked: the last block that it may say it has.
        sent: the last one that ever left.
        again: how many packets were sent more than once, counted each time.
        since: how many packets, OACK or windows, have left since `acked` rose.
    """

    def __init__(self, transfer, last):
        self.transfer = transfer
        self.last = last
        self.acked = self.sent = self.again = self.since = 0
        self.greeted = 0

    def take(self, action):
        """Judge what is sent."""
        if action is None:
            return
        self.since += 1
        if isinstance(action, Window):
            first, end = action.first, action.first + action.length
            assert self.acked < first < end <= self.last + 1
            assert end - 1 <= self.acked + self.transfer.terms.windowsize
            assert first <= self.sent + 1, "a block is left out"
            self.again += max(0, min(self.sent + 1, end) - first)
            self.sent = max(self.sent, end - 1)
        elif action == self.transfer.terms.oack:
            self.greeted += 1
            self.again += self.greeted > 1
        else:
            assert action == NO_ACK
            assert self.transfer.end is End.TIMEOUT

    def hears(self, packet):
        """Note what is confirmed by a packet."""
        if packet[:2] == b"\0\4" and len(packet) >= 4:
            progress = (int.from_bytes(packet[2:4], "big") - self.acked) % tftp.NUMBERS
            if progress <= self.sent - self.acked:
                self.acked += progress
                self.since *= not progress


steps = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.02, 0.3, 1.0, 2.5]),
        st.one_of(
            st.integers(-3, 20).map(lambda ahead: ("ack", ahead)),
            st.integers(0, 65535).map(lambda block: ("number", block)),
            st.binary(max_size=6).map(lambda packet: ("packet", packet)),
            st.just(("request", None)),
        ),
    ),
    max_size=60,
)


@given(
    last=st.integers(1, 60),
    windowsize=st.sampled_from([1, 2, 4, 8, 70]),
    agreed=st.booleans(),
    timeout_s=st.none() | st.integers(1, 3),
    steps=steps,
)
def test_whatever_a_client_sends_it_gets_blocks_in_their_order_and_within_bounds(
    last, windowsize, agreed, timeout_s, steps
):
    transfer = transfer_of(last, windowsize, agreed=agreed or windowsize > 1, timeout_s=timeout_s)
    reading = Reading(transfer, last)
    now_s = BEGAN_S
    reading.take(transfer.greet(now_s))
    for after_s, (kind, what) in steps:
        now_s += after_s
        while transfer.end is None and transfer.wake_s <= now_s:
            was_confirmed = transfer.confirmed
            action = transfer.wake(transfer.wake_s)
            assert was_confirmed or action is None
            reading.take(action)
        if transfer.end is not None:
            break
        if kind == "request":
            if not transfer.confirmed:
                reading.take(transfer.greet(now_s))
            continue
        packet = what
        if kind != "packet":
            packet = ack(what + reading.acked * (kind == "ack"))
        reading.hears(packet)
        reading.take(transfer.receive(packet, now_s))
        assert (transfer.end is End.DONE) == (reading.acked == last)
        if transfer.end is not None:
            break
        assert not transfer.confirmed or reading.since < 40
    # It is left alone, and comes to its end.
    for _ in range(20):
        if transfer.end is not None:
            break
        reading.take(transfer.wake(transfer.wake_s))
    assert transfer.end is not None
    assert transfer.resent == reading.again


def test_what_was_held_back_follows_when_there_is_room():
    passing = under_way(1000, 4, acked=40)
    assert passing.ack(44) == Window(45, 4)
    passing.transfer.held_back(47)
    assert passing.transfer.has_room(passing.now_s) == Window(47, 2)
    assert passing.ack(48) == Window(49, 4)
    assert passing.transfer.resent == 0


def test_what_was_held_back_cannot_be_confirmed():
    passing = under_way(1000, 4, acked=40)
    assert passing.ack(44) == Window(45, 4)
    passing.transfer.held_back(47)
    assert passing.ack(48) is None
    assert passing.transfer.ignored == 1
    assert passing.ack(46) == Window(47, 4)


@pytest.mark.parametrize("windowsize", [1, 4])
def test_what_had_left_before_can_be_though_it_was_held_back_when_sent_again(windowsize):
    passing = under_way(1000, windowsize, acked=40)
    assert passing.wake() == Window(41, windowsize)
    passing.transfer.held_back(41)
    assert passing.ack(40 + windowsize) == Window(41 + windowsize, windowsize)


@pytest.mark.parametrize("windowsize", [1, 4])
def test_the_ack_that_what_is_held_back_follows_does_nothing_when_it_comes_again(windowsize):
    passing = under_way(1000, windowsize, acked=40)
    acked = 40 + windowsize
    assert passing.ack(acked) == Window(acked + 1, windowsize)
    passing.transfer.held_back(acked + 1)
    wake_s = passing.transfer.wake_s
    assert passing.ack(acked) is None
    assert passing.transfer.wake_s == wake_s


def test_an_ack_of_nothing_confirms_no_first_block_that_is_held_back():
    passing = Passing(1000, 1)
    passing.transfer.held_back(1)
    assert passing.ack(0) is None
    assert not passing.transfer.confirmed
    assert passing.transfer.has_room(passing.now_s) == Window(1, 1)
