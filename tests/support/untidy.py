"""A handler's code that does not clean up as it should."""

import trio


async def fail_when_cancelled() -> None:
    """Wait for ever; a cancellation ends in a group of it and of an error of the cleanup, as nurseries make them."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("closing failed")
