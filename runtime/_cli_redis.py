"""What commands that talk to a Redis have in common."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from ..wire import AddressError, RedisError, Retry
from ._cli import UserError
from ._runtime import Runtime

T = TypeVar("T")


def add_url(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the server."""
    parser.add_argument("--url", help="the server; otherwise REDIS_URL, otherwise redis://localhost:6379")


def name(text: str) -> str:
    """An argument that names something, such as a stream: for argparse, which tells the error with the argument."""
    if not text:
        raise argparse.ArgumentTypeError("a name is not empty")
    return text


async def check_stream(runtime: Runtime, stream: str) -> None:
    """Look for a stream of which nothing was found, which often is a slip of the pen.

    Raises:
        UserError: there is none.
    """
    if not await runtime.client.call(b"EXISTS", stream):
        raise UserError(f"there is no stream {stream}")


def on_redis(arguments: argparse.Namespace, act: Callable[[Runtime], Awaitable[T]]) -> T:
    """Run this on the server that the arguments name; what goes wrong there is told in one line."""
    url: str = arguments.url or os.environ.get("REDIS_URL") or "redis://localhost:6379"

    async def run() -> T:
        async with Runtime(url, retry=Retry(max_retries=1), observer=lambda _event: None) as runtime:
            return await act(runtime)

    try:
        return trio.run(run)
    except AddressError as error:
        raise UserError(f"{'--url' if arguments.url else 'REDIS_URL'}: {error}") from error
    except RedisError as error:
        raise UserError(str(error)) from error
