"""Chance that is the same on every machine: hashes instead of a generator with state, integers instead of floats."""

import struct
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from app.demo.targets import PERCENTS

T = TypeVar("T")

DRAWS = 16
RANGE = 65536
_UNPACK = struct.Struct("<16H").unpack
_THRESHOLDS = tuple(percent * (RANGE - 1) // 100 for percent in PERCENTS)


def draws(key: str) -> tuple[int, ...]:
    """Return sixteen numbers in 0..65535 that depend on nothing but ``key``."""
    return _UNPACK(blake2b(key.encode(), digest_size=2 * DRAWS).digest())


def quantile(table: Sequence[int], rank: int) -> int:
    """Return the value at ``rank`` (0..65535) of a distribution given by its quantiles at PERCENTS."""
    upper = min(max(bisect_right(_THRESHOLDS, rank), 1), len(table) - 1)
    low, high = _THRESHOLDS[upper - 1], _THRESHOLDS[upper]
    return table[upper - 1] + (table[upper] - table[upper - 1]) * (rank - low) // (high - low)


def around(centre: int, draw: int, spread: int) -> int:
    """Return a rank at most ``spread`` from ``centre``, reflected at both ends, so that evenly stays evenly spread."""
    rank = centre + (2 * draw - RANGE) * spread // RANGE
    if rank < 0:
        rank = -rank - 1
    return rank if rank < RANGE else 2 * RANGE - 1 - rank


def pick(options: Sequence[T], draw: int) -> T:
    """Return the option that ``draw`` (0..65535) points to."""
    return options[draw * len(options) // RANGE]
