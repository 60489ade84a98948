import threading
import time
import weakref

import pytest

from demo.engine.stream import Desk, Hand, Stopped, Stream, aside
from demo.run.trace import BadRequest

SOON = 5.0  # seconds after which a test that hangs is called failed


class Counter:
    """Produces 0, 1, 2, ... and notes how it ended."""

    def __init__(self, upto=10**9):
        self.upto, self.made, self.ended = upto, 0, threading.Event()

    def __call__(self, outlet):
        try:
            for number in range(self.upto):
                self.made += 1
                outlet(number)
        finally:
            self.ended.set()


def test_items_come_in_order_and_the_iterator_ends():
    assert list(Stream(Counter(100))) == list(range(100))


def test_the_producer_has_a_thread_of_its_own_that_starts_with_the_first_item():
    threads = []
    items = Stream(lambda outlet: threads.append(threading.current_thread()) or outlet(1))
    assert threads == []
    assert list(items) == [1]
    assert threads[0] is not threading.current_thread()


def test_what_the_producer_raises_is_raised_as_itself_after_its_items():
    error = KeyError("mine")

    def produce(outlet):
        outlet(1)
        raise error

    items = Stream(produce)
    assert next(items) == 1
    with pytest.raises(KeyError) as raised:
        next(items)
    assert raised.value is error


def test_no_more_than_room_items_are_made_ahead():
    counter = Counter()
    items = Stream(counter, room=3)
    next(items)
    time.sleep(0.1)
    assert counter.made <= 1 + 3 + 1  # read, waiting, and the one that finds no room
    items.close()


def test_closing_ends_the_producer_without_waiting_for_it():
    going = threading.Event()

    def produce(outlet):
        outlet(1)
        going.wait(SOON)

    items = Stream(produce)
    next(items)
    began = time.perf_counter()
    items.close()
    assert time.perf_counter() - began < 0.5
    going.set()


def test_a_closed_reader_frees_a_producer_that_waits_for_room():
    counter = Counter()
    items = Stream(counter)
    next(items)
    items.close()
    assert counter.ended.wait(SOON)


def test_a_reader_that_is_forgotten_frees_the_producer():
    counter = Counter()
    items = Stream(counter)
    next(items)
    del items
    assert counter.ended.wait(SOON)


def test_cancel_ends_both_sides_without_an_exception():
    counter, seen = Counter(), []
    items = Stream(counter)
    for number in items:
        seen.append(number)
        if number == 4:
            items.cancel()
    assert seen == [0, 1, 2, 3, 4] and items.over
    assert counter.ended.wait(SOON)


def test_cancelled_before_the_start_it_yields_nothing_and_starts_nothing():
    counter = Counter()
    items = Stream(counter)
    items.cancel()
    assert list(items) == [] and counter.made == 0


def test_cancel_wakes_a_producer_that_waits_for_room_though_nobody_reads():
    counter = Counter()
    items = Stream(counter, room=1)
    next(items)
    time.sleep(0.05)
    items.cancel()
    assert counter.ended.wait(SOON)


def test_cancel_wakes_a_reader_that_waits_for_an_item():
    going, read = threading.Event(), []
    items = Stream(lambda outlet: going.wait(SOON))
    reader = threading.Thread(target=lambda: read.extend(items))
    reader.start()
    time.sleep(0.05)
    items.cancel()
    reader.join(1.0)
    assert not reader.is_alive() and read == []
    going.set()


def test_nothing_that_catches_exceptions_can_keep_a_stop():
    kept = []

    def produce(outlet):
        outlet(1)
        try:
            outlet(2)
            outlet(3)
            outlet(4)
        except Exception as error:
            kept.append(error)

    items = Stream(produce, room=1)
    next(items)
    items.close()
    time.sleep(0.1)
    assert kept == [] and not issubclass(Stopped, Exception)


def test_aside_returns_and_raises_from_a_thread_of_its_own():
    assert aside(lambda n: (n + 1, threading.current_thread().name), 1) == (2, "aside")
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 / 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "aside" and thread.is_alive()]


def test_the_last_item_waits_for_no_room():
    ended = threading.Event()

    def produce(outlet):
        outlet(1)
        outlet(1)
        outlet(2, last=True)
        ended.set()

    items = Stream(produce, room=1)
    assert next(items) == 1
    assert ended.wait(SOON) and list(items) == [1, 2]


def test_a_hand_does_everything_in_order_in_one_thread_that_ends_when_idle():
    hand, done, ended = Hand(idle=0.05), [], threading.Event()
    for number in range(5):
        hand(lambda number=number: done.append((number, threading.current_thread())))
    hand(ended.set)
    assert ended.wait(SOON)
    assert [number for number, _ in done] == list(range(5)) and len({thread for _, thread in done}) == 1
    done[0][1].join(SOON)
    assert not done[0][1].is_alive()
    ended.clear()
    hand(ended.set)  # and it comes back
    assert ended.wait(SOON)


def test_a_hand_holds_nothing_of_what_it_has_done():
    class Work:
        def __call__(self):
            ended.set()

    hand, ended, work = Hand(), threading.Event(), Work()
    gone = weakref.ref(work)
    hand(work)
    del work
    assert ended.wait(SOON)
    time.sleep(0.1)
    assert gone() is None


def test_streams_of_a_desk_take_turns_in_the_order_in_which_they_were_begun():
    desk, order = Desk(), []
    streams = [desk.stream(lambda outlet, n=n: order.append(n) or outlet(n), str(n)) for n in range(6)]
    begun = [2, 0, 5, 1, 4, 3]
    readers = []
    for n in begun:
        readers.append(threading.Thread(target=lambda n=n: list(streams[n])))
        readers[-1].start()
        time.sleep(0.02)
    for reader in readers:
        reader.join(SOON)
    assert order == begun


def test_a_stream_that_is_cancelled_before_its_turn_is_not_produced():
    desk, going, first = Desk(), threading.Event(), Counter()
    held = desk.stream(lambda outlet: (outlet(0), going.wait(SOON)))
    next(held)
    waiting = desk.stream(first, "mine")
    reader = threading.Thread(target=lambda: list(waiting))
    reader.start()
    time.sleep(0.05)
    assert desk.cancel("mine")
    reader.join(SOON)
    assert not reader.is_alive()
    going.set()
    assert list(desk.stream(Counter(2))) == [0, 1] and first.made == 0


def test_two_under_way_never_have_one_name():
    desk = Desk()
    stream = desk.stream(Counter(3), "mine")
    with pytest.raises(BadRequest, match="name of its own"):
        desk.stream(Counter(3), "mine")
    assert list(stream) == [0, 1, 2]
    again = desk.stream(Counter(3), "mine")
    assert desk.cancel("mine") and not desk.cancel("mine") and list(again) == []


def test_work_with_one_result_waits_its_turn_and_raises_what_it_raises():
    desk, going, order = Desk(), threading.Event(), []
    held = desk.stream(lambda outlet: (outlet(0), going.wait(SOON), order.append("held")))
    next(held)
    asker = threading.Thread(target=lambda: order.append(desk.once(lambda one, two: one + two, 3, 4)))
    asker.start()
    time.sleep(0.05)
    assert order == []
    going.set()
    asker.join(SOON)
    assert order == ["held", 7]
    with pytest.raises(ZeroDivisionError):
        desk.once(lambda: 1 / 0)


@pytest.mark.parametrize(("stops", "upto"), [(True, 10**9), (False, 1)])
def test_whoever_has_to_be_told_waits_until_it_is_over(stops, upto):
    """And knows whether the reader left, or the producer was through."""
    outlets, told = [], []

    def produce(outlet):
        outlets.append(outlet)
        Counter(upto)(outlet)

    items = Stream(produce)
    next(items)
    waiting = threading.Thread(target=lambda: told.append(outlets[0].over()))
    waiting.start()
    assert (items.close() if stops else list(items)) in (None, [])
    waiting.join(SOON)
    assert told == [stops]
