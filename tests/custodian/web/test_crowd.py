"""One caller's many requests, and another's one."""

import asyncio

from wattshare.custodian.web.crowd import Crowd


def test_so_many_of_one_caller_are_worked_on_at_a_time_and_another_goes_at_once() -> None:
    crowd, at_work, most = Crowd(each=2), {"flood": 0, "other": 0}, {"flood": 0, "other": 0}

    async def request(caller: str, over: asyncio.Event) -> None:
        async with crowd.place(caller):
            at_work[caller] += 1
            most[caller] = max(most[caller], at_work[caller])
            await over.wait()
            at_work[caller] -= 1

    async def story() -> None:
        over = asyncio.Event()
        flood = [asyncio.create_task(request("flood", over)) for _ in range(100)]
        other = asyncio.create_task(request("other", over))
        for _ in range(10):
            await asyncio.sleep(0)
        assert at_work == {"flood": 2, "other": 1}
        over.set()
        await asyncio.gather(other, *flood)

    asyncio.run(story())
    assert most == {"flood": 2, "other": 1}
    assert crowd.places == {}, "who has gone is forgotten"


def test_who_gives_up_while_waiting_leaves_no_place_taken() -> None:
    crowd = Crowd(each=1)

    async def request(over: asyncio.Event) -> None:
        async with crowd.place("one"):
            await over.wait()

    async def story() -> None:
        over = asyncio.Event()
        first, second, third = (asyncio.create_task(request(over)) for _ in range(3))
        for _ in range(5):
            await asyncio.sleep(0)
        second.cancel()
        over.set()
        await asyncio.gather(first, third)
        assert second.cancelled()

    asyncio.run(story())
    assert crowd.places == {}
