"""Photographs for tests: a few coloured pixels, made when asked for."""

from __future__ import annotations

import io

from PIL import Image


def small_photograph(colour: tuple[int, int, int] = (200, 120, 40), *, size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG with nothing on it and a camera's metadata in it."""
    made, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "camera that must not be told"
    Image.new("RGB", size, colour).save(made, "JPEG", exif=exif)
    return made.getvalue()
