"""One job at a time, and none that nobody waits for any more."""

import asyncio
import threading
import time

from comicdata.cli.studio.desk import Desk, SupersededError


def test_a_job_under_way_is_given_up_for_a_newer_one_of_its_kind_and_for_no_other():
    desk, begun, goes_on = Desk(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        while not goes_on.is_set():
            desk.check()
            time.sleep(0.001)
        return "old"

    async def all_of_them(newer_kind):
        begun.clear()
        old = asyncio.create_task(desk.do(slow, "colours"))
        await asyncio.to_thread(begun.wait)
        newer = asyncio.create_task(desk.do(lambda: "new", newer_kind))
        await asyncio.sleep(0)
        if newer_kind != "colours":
            goes_on.set()
        return await asyncio.gather(old, newer, return_exceptions=True)

    given_up, new = asyncio.run(asyncio.wait_for(all_of_them("colours"), 20))
    assert isinstance(given_up, SupersededError) and new == "new"
    assert asyncio.run(asyncio.wait_for(all_of_them("piece"), 20)) == ["old", "new"]


def test_jobs_without_a_kind_are_all_done():
    desk = Desk()

    async def many():
        return await asyncio.gather(*(desk.do(lambda number=number: (desk.check(), number)[1]) for number in range(5)))

    assert asyncio.run(many()) == [0, 1, 2, 3, 4]
