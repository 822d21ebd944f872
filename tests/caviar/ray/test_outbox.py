"""What an actor says goes at once, but for what may be gathered."""

import asyncio
import time

from sturgeon.caviar.ray.outbox import MOST_GATHERED, Outbox

GATHER_SECONDS = 0.25


def test_the_first_message_goes_at_once_and_what_can_wait_is_gathered():
    async def talk():
        outbox, began = Outbox(GATHER_SECONDS), time.monotonic()
        outbox.put("first", can_wait=True)
        first, soon = await outbox.take(), time.monotonic() - began
        outbox.put("second", can_wait=True)
        asyncio.get_running_loop().call_later(GATHER_SECONDS / 5, lambda: outbox.put("third", can_wait=True))
        rest, late = await outbox.take(), time.monotonic() - began
        return first, soon, rest, late

    first, soon, rest, late = asyncio.run(talk())
    assert (first, rest) == (["first"], ["second", "third"])
    assert soon < GATHER_SECONDS <= late + 0.01


def test_what_cannot_wait_takes_along_what_could():
    async def talk():
        outbox = Outbox(GATHER_SECONDS)
        outbox.put("first")
        await outbox.take()
        outbox.put("second", can_wait=True)
        taking = asyncio.create_task(outbox.take())
        await asyncio.sleep(0.01)
        assert not taking.done()
        outbox.put("third")
        return await asyncio.wait_for(taking, GATHER_SECONDS / 2)

    assert asyncio.run(talk()) == ["second", "third"]


def test_a_fast_speaker_is_heard_before_it_has_to_wait_for_answers():
    async def talk():
        outbox = Outbox(GATHER_SECONDS)
        outbox.put("first")
        await outbox.take()
        for number in range(MOST_GATHERED):
            outbox.put(number, can_wait=True)
        return await asyncio.wait_for(outbox.take(), GATHER_SECONDS / 2)

    assert asyncio.run(talk()) == list(range(MOST_GATHERED))
