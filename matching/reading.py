"""Reading a caller's arrays: whole numbers of 64 bits within a range, or one error that says where."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt


class ProblemError(ValueError):
    """A matching problem that cannot be meant so.

    field: name of the offending argument; index: first offending position in it, None where the whole is wrong.
    """

    def __init__(self, field: str, index: int | None, reason: str) -> None:
        self.field = field
        self.index = index
        super().__init__(f"{field}{'' if index is None else f'[{index}]'} {reason}")


def read_number(field: str, value: SupportsIndex) -> int:
    """A single whole number. Raises `ProblemError`."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise ProblemError(field, None, f"is {value!r}; must be a whole number")
    return operator.index(value)


def read_ints(
    field: str,
    values: npt.ArrayLike,
    *,
    length: int | None = None,
    spread: bool = False,
    low: int | None = None,
    high: int | None = None,
) -> npt.NDArray[np.int64]:
    """A read-only int64 array (N,). Whole floats count as integers; `spread` repeats a single number `length` times.

    Raises `ProblemError` with the first index that is not a number, not whole, beyond 64 bits or outside low … high.
    """
    try:
        raw = np.asarray(values)
    except (ValueError, TypeError, OverflowError) as error:
        raise ProblemError(field, None, f"is not an array of whole numbers ({error})") from error
    single = raw.ndim == 0
    if single and spread:
        raw = raw.reshape(1)
    if raw.ndim != 1:
        raise ProblemError(field, None, f"has {raw.ndim} dimensions; must have 1")
    if not (single and spread) and length is not None and len(raw) != length:
        raise ProblemError(field, min(len(raw), length), f"is where lengths differ: {len(raw)}, not {length}")
    ints = _as_int64(field, raw)
    if len(ints):
        # Two reductions over the array are the whole price of a good one; the search for the index comes only after.
        if low is not None and int(ints.min()) < low:
            index = int(np.flatnonzero(ints < low)[0])
            raise ProblemError(field, index, f"is {int(ints[index])}; must be at least {low}")
        if high is not None and int(ints.max()) > high:
            index = int(np.flatnonzero(ints > high)[0])
            raise ProblemError(field, index, f"is {int(ints[index])}; must be at most {high}")
    if single and spread and length is not None:
        return np.broadcast_to(ints, (length,))
    view = ints.view()
    view.flags.writeable = False
    return view


def read_mask(field: str, values: npt.ArrayLike, *, length: int) -> npt.NDArray[np.bool_]:
    """A read-only array of truth values (length,). Raises `ProblemError`."""
    raw = np.asarray(values)
    if raw.ndim != 1 or len(raw) != length:
        raise ProblemError(field, None, f"has shape {raw.shape}; needs ({length},), one truth value for every arc")
    if raw.dtype != np.bool_:
        if len(raw) == 0:
            return np.zeros(0, dtype=np.bool_)
        ints = read_ints(field, raw, low=0, high=1)
        truth: npt.NDArray[np.bool_] = ints == 1
        return truth
    mask = raw.view()
    mask.flags.writeable = False
    return mask


def _as_int64(field: str, raw: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    if raw.dtype == np.int64:
        return np.ascontiguousarray(raw, dtype=np.int64)
    if raw.dtype.kind == "b":
        raise ProblemError(field, None, "holds truth values; must hold whole numbers")
    if len(raw) == 0:
        return np.zeros(0, dtype=np.int64)
    if raw.dtype.kind == "i":
        return raw.astype(np.int64)
    if raw.dtype.kind == "u":
        large = raw > np.uint64(np.iinfo(np.int64).max)
        if bool(large.any()):
            index = int(np.flatnonzero(large)[0])
            raise ProblemError(field, index, f"is {raw[index]}; does not fit into 64 bits")
        return raw.astype(np.int64)
    if raw.dtype.kind == "f":
        floats = raw.astype(np.float64)
        bad = ~np.isfinite(floats) | (floats != np.floor(floats)) | (np.abs(floats) >= 2.0**63)
        if bool(bad.any()):
            index = int(np.flatnonzero(bad)[0])
            raise ProblemError(field, index, f"is {floats[index]}; must be a whole number of 64 bits")
        return floats.astype(np.int64)
    if raw.dtype.kind == "O":
        return _objects_as_int64(field, raw)
    raise ProblemError(field, 0, f"is {raw[0]!r}; must be a whole number")


def _objects_as_int64(field: str, raw: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Python numbers that numpy would not put into one type: too large, or mixed with something else."""
    out = np.empty(len(raw), dtype=np.int64)
    for index, value in enumerate(raw.tolist()):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise ProblemError(field, index, f"is {value!r}; must be a whole number")
        if not -(2**63) <= operator.index(value) < 2**63:
            raise ProblemError(field, index, f"is {value}; does not fit into 64 bits")
        out[index] = operator.index(value)
    return out
