"""How answers end: whole, with an error's words, or with a reader who left in the middle of a frame."""

import asyncio
import contextlib
import threading

from reading import on_its_own

from sfumato.studio.answers import stream


def test_a_reader_who_leaves_in_the_middle_of_a_frame_does_no_harm():
    begun, leave, ended = threading.Event(), threading.Event(), threading.Event()

    def frames():
        try:
            begun.set()
            leave.wait(30)
            yield b"never sent"
        finally:
            ended.set()

    async def read():
        async for _ in stream(frames()).body_iterator:
            pass

    async def leaving():
        reading = asyncio.create_task(read())
        await asyncio.to_thread(begun.wait, 30)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        leave.set()

    on_its_own(leaving())
    assert ended.wait(30)
