"""The server itself, without a browser: a visitor who asks and does not read, and a process that is killed."""

import asyncio
import sys
import time
from pathlib import Path

import httpx

sys.path.append(str(Path(__file__).with_name("bench")))

from callers import Callers, app

STEPS = 30


def test_who_reads_nothing_costs_nobody_anything_and_may_still_read_it_all():
    async def both(callers):
        async with httpx.AsyncClient(timeout=120) as web:
            open_ended = asyncio.Event()
            slow = asyncio.create_task(callers.run(web, open_ended, prompt="a red fox", seed="1", steps=str(STEPS)))
            others = [await callers.run(web, prompt="a cat", seed=str(seed), steps=str(STEPS)) for seed in range(2)]
            assert not slow.done()
            open_ended.set()
            return await slow, others

    with app() as (address, _, _):
        slow, others = asyncio.run(both(Callers(address)))
    assert all(heard.whole(STEPS) for heard in (slow, *others))
    assert slow.messages[-1][1]["kind"] == "done" and slow.of("frame")[0][0] > others[-1].last


def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path):
    runs, here = tmp_path / "runs", {"DEMO_EXPORTS": str(tmp_path)}

    async def some(callers, *seeds):
        async with httpx.AsyncClient(timeout=120) as web:
            return [await callers.run(web, prompt="a cat", seed=seed, steps="2") for seed in seeds]

    with app(**here) as (address, process, _):
        (before,) = asyncio.run(some(Callers(address), "1"))
        assert before.whole(2) and [one.name for one in runs.iterdir()] == [before.key]
        process.kill()
        process.wait(20)
    assert [one.name for one in runs.iterdir()] == [before.key]
    time.sleep(1.1)
    with app(**here, DEMO_KEEP_SECONDS="1") as (address, _, _):
        (after,) = asyncio.run(some(Callers(address), "1"))
        assert after.whole(2) and before.key not in [one.name for one in runs.iterdir()]
