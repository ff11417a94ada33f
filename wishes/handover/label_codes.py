"""QR codes as matrices: one by one for a page, by the thousand for a print run.

A QR code of fixed version, mask, level and text length is an affine function of its message bits over GF(2): error
correction and placement are linear, the mask adds a constant. So a print run asks the library for one code per message
bit, and makes every further code by adding those up: one matrix product for hundreds of codes, ten times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import Final

import numpy as np
import qrcode
from numpy.typing import NDArray
from qrcode import util

Matrix = NDArray[np.bool_]  # (modules, modules), True is dark; without the quiet zone

QUIET_MODULES: Final = 4
_LEVEL: Final = qrcode.constants.ERROR_CORRECT_H  # reads under a blot of 15 % of the code, where level Q fails 9 in 100
_MASK: Final = 2  # tokens are random bits, for which no mask is better; choosing one costs ten times the code itself
_ALPHANUMERIC: Final[str] = util.ALPHA_NUM.decode("ascii")
_WORTHWHILE: Final = 1_000  # texts from which the code per message bit pays for itself
_CHUNK: Final = 256
_SAMPLE: Final = {util.MODE_NUMBER: "0", util.MODE_ALPHA_NUM: "A", util.MODE_8BIT_BYTE: "a"}
_PAIR: Final = "MA"  # 1000: any one of its 11 bits flipped stays below 45²
_SINGLE: Final = "8"  # any one of its 6 bits flipped stays below 45


def qr_matrix(text: str) -> Matrix:
    """The QR code of *text*: level H, the smallest version that holds it, fixed mask.

    Raises ``ValueError`` when no version holds it.
    """
    data = util.QRData(text)
    return _drawn(data, _smallest_version(data.mode, len(data)))


def qr_matrices(texts: Sequence[str]) -> Iterator[Matrix]:
    """The same codes as :func:`qr_matrix`, in order; fast for many alphanumeric texts of one length (QR characters)."""
    length = len(texts[0]) if texts else 0
    alike = all(len(text) == length and util.optimal_mode(text.encode()) == util.MODE_ALPHA_NUM for text in texts)
    if len(texts) < _WORTHWHILE or not alike:
        for text in texts:
            yield qr_matrix(text)
        return
    blank, per_bit = _basis(length)
    for start in range(0, len(texts), _CHUNK):
        bits = _message_bits(texts[start : start + _CHUNK])
        # float32 is exact here (sums stay below 2**24) and the only type with a fast matrix product
        flips = (bits.astype(np.float32) @ per_bit).astype(np.int32) & 1
        yield from (flips.astype(np.bool_) ^ blank.ravel()).reshape(-1, *blank.shape)


def qr_svg(text: str, *, title: str = "") -> str:
    """The QR code of *text* as inline SVG with its quiet zone; scales to its box, needs no style or script.

    *title* is read out by screen readers; without it the picture is hidden from them. Raises as :func:`qr_matrix`.
    """
    matrix = qr_matrix(text)
    size = matrix.shape[0] + 2 * QUIET_MODULES
    path = "".join(
        f"M{start + QUIET_MODULES} {row + QUIET_MODULES}h{end - start}v1H{start + QUIET_MODULES}z"
        for row, start, end in dark_runs(matrix)
    )
    read_out = f'role="img" aria-label="{escape(title)}"' if title else 'aria-hidden="true"'
    return (
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" {read_out} '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    )


def dark_runs(matrix: Matrix) -> list[tuple[int, int, int]]:
    """Rows of dark modules as (row, first column, column after the last), top to bottom."""
    starts, lengths = _flat_runs(matrix)
    rows, columns = np.divmod(starts, matrix.shape[1] + 1)
    return list(zip(rows.tolist(), columns.tolist(), (columns + lengths).tolist(), strict=True))


def pdf_rectangles(matrix: Matrix) -> str:
    """The dark modules as PDF rectangles of one path, in module units, y pointing down."""
    starts, lengths = _flat_runs(matrix)
    return "\n".join(_rectangle_table(matrix.shape[1])[starts, lengths])


def _flat_runs(matrix: Matrix) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Start and length of each dark run in the matrix read as one line, a light column after each row."""
    line = np.pad(matrix, ((0, 0), (0, 1))).ravel()
    edges = np.flatnonzero(np.diff(line, prepend=False))
    return edges[0::2], edges[1::2] - edges[0::2]


@lru_cache(maxsize=4)
def _rectangle_table(modules: int) -> NDArray[np.object_]:
    """The operator of every possible run, by start and length: formatting each anew took a third of a print run."""
    width = modules + 1
    return np.array(
        [
            [f"{start % width} {start // width} {length} 1 re" for length in range(width)]
            for start in range(modules * width)
        ],
        dtype=np.object_,
    )


@lru_cache(maxsize=256)
def _smallest_version(mode: int, length: int) -> int:
    probe = qrcode.QRCode(error_correction=_LEVEL, border=0)
    probe.add_data(util.QRData(_SAMPLE[mode] * length, mode=mode), optimize=0)
    try:
        return int(probe.best_fit())
    except (qrcode.exceptions.DataOverflowError, ValueError):
        raise ValueError(f"{length} bytes do not fit in a QR code") from None


@lru_cache(maxsize=4)
def _basis(length: int) -> tuple[Matrix, NDArray[np.float32]]:
    """The code with all message bits zero, and what each bit flips: (message bits, modules²) of 0 and 1.

    The library cannot encode zeros alone, so the bits are flipped in a text where every flip is still a character:
    a pair of characters is one number of 11 bits below 45², a last single one has 6 bits below 45.
    """
    start = (_PAIR * length)[: length - length % 2] + _SINGLE * (length % 2)
    start_code = _alphanumeric_matrix(start)
    rows = []
    for place in range(0, length, 2):
        old = start[place : place + 2]
        for bit in reversed(range(11 if len(old) == 2 else 6)):
            flipped = _spelled(_valued(old) ^ 1 << bit, len(old))
            rows.append((_alphanumeric_matrix(start[:place] + flipped + start[place + 2 :]) ^ start_code).ravel())
    per_bit = np.array(rows, dtype=np.float32)
    in_start = (_message_bits([start]).astype(np.float32) @ per_bit).astype(np.int32) & 1
    return start_code ^ in_start.astype(np.bool_).reshape(start_code.shape), per_bit


def _valued(characters: str) -> int:
    value = 0
    for character in characters:
        value = value * 45 + _ALPHANUMERIC.index(character)
    return value


def _spelled(value: int, length: int) -> str:
    return (_ALPHANUMERIC[value // 45] + _ALPHANUMERIC[value % 45])[-length:]


def _alphanumeric_matrix(text: str) -> Matrix:
    return _drawn(util.QRData(text, mode=util.MODE_ALPHA_NUM), _smallest_version(util.MODE_ALPHA_NUM, len(text)))


def _drawn(data: util.QRData, version: int) -> Matrix:
    code = qrcode.QRCode(version=version, error_correction=_LEVEL, border=0, mask_pattern=_MASK)
    code.add_data(data, optimize=0)
    code.make(fit=False)
    return np.array(code.get_matrix(), dtype=np.bool_)


def _message_bits(texts: Sequence[str]) -> NDArray[np.uint8]:
    """(texts, message bits): pairs of characters as 11 bits each, a last single one as 6, most significant first."""
    value_of = np.zeros(128, dtype=np.uint16)
    value_of[list(util.ALPHA_NUM)] = np.arange(45)
    letters = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8).reshape(len(texts), -1)
    values = value_of[letters]
    even = values.shape[1] // 2 * 2
    pairs = values[:, 0:even:2] * 45 + values[:, 1:even:2]
    bits = (pairs[:, :, None] >> np.arange(10, -1, -1, dtype=np.uint16) & 1).reshape(len(texts), -1)
    last = values[:, even:, None] >> np.arange(5, -1, -1, dtype=np.uint16) & 1
    return np.concatenate([bits, last.reshape(len(texts), -1)], axis=1).astype(np.uint8)
