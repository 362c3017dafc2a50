"""The hash XXH3 with 64 bits, as its specification has it, without a seed: what DIGEST tells of a string."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

_MASK: Final = (1 << 64) - 1
_PRIME32: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_PRIME64: Final = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
_MIX_1: Final = 0x165667919E3779F9
_MIX_2: Final = 0x9FB21C651E98DF25
_SECRET: Final = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_STRIPE: Final = 64
_BLOCK: Final = 1024
_MIDDLE: Final = 240


def xxh3_64(data: bytes) -> int:
    """The hash."""
    length = len(data)
    if length <= 16:
        return _short(data)
    if length <= 128:
        total = length * _PRIME64[0]
        for at in range((length - 1) // 32 + 1):
            total += _mix(data, 16 * at, 32 * at) + _mix(data, length - 16 * (at + 1), 32 * at + 16)
        return _avalanche(total)
    if length <= _MIDDLE:
        total = length * _PRIME64[0] + sum(_mix(data, 16 * at, 16 * at) for at in range(8))
        rest = _mix(data, length - 16, 136 - 17)
        rest += sum(_mix(data, 16 * at, 16 * (at - 8) + 3) for at in range(8, length // 16))
        return _avalanche(_avalanche(total) + rest)
    return _long(data)


def _short(data: bytes) -> int:
    length = len(data)
    if length > 8:
        low = _word(data, 0) ^ _word(_SECRET, 24) ^ _word(_SECRET, 32)
        high = _word(data, length - 8) ^ _word(_SECRET, 40) ^ _word(_SECRET, 48)
        return _avalanche(length + int.from_bytes(low.to_bytes(8, "little"), "big") + high + _fold(low, high))
    if length >= 4:
        first, second = int.from_bytes(data[:4], "little"), int.from_bytes(data[-4:], "little")
        return _strong((second + (first << 32)) ^ _word(_SECRET, 8) ^ _word(_SECRET, 16), length)
    if length:
        combined = data[0] << 16 | data[length >> 1] << 24 | data[-1] | length << 8
        flip = int.from_bytes(_SECRET[:4], "little") ^ int.from_bytes(_SECRET[4:8], "little")
        return _old_avalanche(combined ^ flip)
    return _old_avalanche(_word(_SECRET, 56) ^ _word(_SECRET, 64))


def _long(data: bytes) -> int:
    sums = [_PRIME32[2], *_PRIME64[:4], _PRIME32[1], _PRIME64[4], _PRIME32[0]]
    length = len(data)
    blocks = (length - 1) // _BLOCK
    end_of_secret = struct.unpack_from("<8Q", _SECRET, len(_SECRET) - _STRIPE)
    for block in range(blocks):
        for stripe in range(_BLOCK // _STRIPE):
            _accumulate(sums, data, block * _BLOCK + stripe * _STRIPE, stripe * 8)
        for lane, key in enumerate(end_of_secret):
            value = sums[lane]
            sums[lane] = ((value ^ value >> 47) ^ key) * _PRIME32[0] & _MASK
    for stripe in range((length - 1 - blocks * _BLOCK) // _STRIPE):
        _accumulate(sums, data, blocks * _BLOCK + stripe * _STRIPE, stripe * 8)
    _accumulate(sums, data, length - _STRIPE, len(_SECRET) - _STRIPE - 7)
    return _avalanche(length * _PRIME64[0] + _merged(sums))


def _accumulate(sums: list[int], data: bytes, at: int, secret_at: int) -> None:
    values, keys = struct.unpack_from("<8Q", data, at), struct.unpack_from("<8Q", _SECRET, secret_at)
    for lane in range(8):
        keyed = values[lane] ^ keys[lane]
        sums[lane ^ 1] = (sums[lane ^ 1] + values[lane]) & _MASK
        sums[lane] = (sums[lane] + (keyed & 0xFFFFFFFF) * (keyed >> 32)) & _MASK


def _merged(sums: Sequence[int]) -> int:
    return sum(
        _fold(sums[2 * at] ^ _word(_SECRET, 11 + 16 * at), sums[2 * at + 1] ^ _word(_SECRET, 19 + 16 * at))
        for at in range(4)
    )


def _mix(data: bytes, at: int, secret_at: int) -> int:
    low, high = struct.unpack_from("<2Q", data, at)
    return _fold(low ^ _word(_SECRET, secret_at), high ^ _word(_SECRET, secret_at + 8))


def _fold(first: int, second: int) -> int:
    product = first * second
    return (product & _MASK) ^ (product >> 64)


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _avalanche(value: int) -> int:
    value &= _MASK
    value = (value ^ value >> 37) * _MIX_1 & _MASK
    return value ^ value >> 32


def _old_avalanche(value: int) -> int:
    value = (value ^ value >> 33) * _PRIME64[1] & _MASK
    value = (value ^ value >> 29) * _PRIME64[2] & _MASK
    return value ^ value >> 32


def _strong(value: int, length: int) -> int:
    value = (value ^ _turned(value, 49) ^ _turned(value, 24)) * _MIX_2 & _MASK
    value = (value ^ (value >> 35) + length) * _MIX_2 & _MASK
    return value ^ value >> 28
