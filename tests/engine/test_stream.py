import threading
import time

import pytest

from demo.engine.stream import Stopped, Stream, aside

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
    counter, seen, overs = Counter(), [], []
    items = Stream(counter, over=lambda: overs.append(len(seen)))
    for number in items:
        seen.append(number)
        if number == 4:
            items.cancel()
    assert seen == [0, 1, 2, 3, 4] and overs == [5]
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
