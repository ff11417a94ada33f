"""What a fake camera shows: a film of codes, one after the other, each for a while, as raw pictures that Chromium plays for ever."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wishes.handover.label_codes import qr_matrix

WIDTH, HEIGHT, PER_SECOND = 640, 480, 5


def _picture(text: str) -> NDArray[np.uint8]:
    matrix = np.pad(qr_matrix(text), 4)
    scale = HEIGHT // len(matrix)
    code = Image.fromarray(np.where(matrix, 20, 230).astype(np.uint8)).resize(
        (len(matrix) * scale, len(matrix) * scale), Image.Resampling.NEAREST
    )
    frame = Image.new("L", (WIDTH, HEIGHT), 200)
    frame.paste(code, ((WIDTH - code.width) // 2, (HEIGHT - code.height) // 2))
    return np.asarray(frame)


def film(path: Path, texts: Sequence[str], *, seconds_each: int = 2) -> Path:
    """A Y4M file that shows the QR code of each text in turn."""
    grey = np.full(WIDTH * HEIGHT // 2, 128, np.uint8).tobytes()
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for text in texts:
            luma = _picture(text).tobytes()
            for _ in range(PER_SECOND * seconds_each):
                out.write(b"FRAME\n" + luma + grey)
    return path
