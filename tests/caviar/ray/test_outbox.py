"""What an actor says goes at once, but for what may be gathered."""

import asyncio
from types import SimpleNamespace

import pytest

from sturgeon.caviar.ray import outbox as outboxes
from sturgeon.caviar.ray.outbox import MOST_GATHERED, Outbox

GATHER_SECONDS = 3600.0
PATIENCE = 300.0  # only ever waited for where something is broken


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves."""
    now = [1e6]
    monkeypatch.setattr(outboxes, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


async def settle():
    """Let the tasks go on until they wait for the clock."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_first_message_goes_at_once_and_what_can_wait_is_gathered(clock, monkeypatch):
    async def talk():
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock[0])
        outbox = Outbox(GATHER_SECONDS)
        outbox.put("first", can_wait=True)
        first = asyncio.create_task(outbox.take())
        await settle()
        assert first.done()
        outbox.put("second", can_wait=True)
        rest = asyncio.create_task(outbox.take())
        await settle()
        clock[0] += GATHER_SECONDS - 1
        outbox.put("third", can_wait=True)
        await settle()
        assert not rest.done()
        clock[0] += 2
        await settle()
        assert rest.done()
        return await first, await rest

    assert asyncio.run(talk()) == (["first"], ["second", "third"])


def test_what_cannot_wait_takes_along_what_could():
    async def talk():
        outbox = Outbox(GATHER_SECONDS)
        outbox.put("first")
        await outbox.take()
        outbox.put("second", can_wait=True)
        taking = asyncio.create_task(outbox.take())
        await settle()
        assert not taking.done()
        outbox.put("third")
        return await asyncio.wait_for(taking, PATIENCE)

    assert asyncio.run(talk()) == ["second", "third"]


def test_a_fast_speaker_is_heard_before_it_has_to_wait_for_answers():
    async def talk():
        outbox = Outbox(GATHER_SECONDS)
        outbox.put("first")
        await outbox.take()
        for number in range(MOST_GATHERED):
            outbox.put(number, can_wait=True)
        return await asyncio.wait_for(outbox.take(), PATIENCE)

    assert asyncio.run(talk()) == list(range(MOST_GATHERED))
