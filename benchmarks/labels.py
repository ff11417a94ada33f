"""What labels and tokens cost, and what they withstand.

``python benchmarks/labels.py print``   10,000 labels: seconds, peak memory; bound: the QR library's bare matrices.
``python benchmarks/labels.py worn``    every label of a run, rasterised at 203 dpi, clean and worn: how many read.
``python benchmarks/labels.py tokens``  mutated, truncated and re-keyed tokens: how many are accepted (none must be).

Each prints JSON to standard output. ``--count N`` changes the size.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pypdfium2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout that is not installed

from tests.handover.mutations import mutated
from tests.handover.paper import BASE_URL, cell, decoded, receipt_token, worn
from wishes.handover.label_codes import qr_matrix
from wishes.handover.labels import FORMATS, Label, write_labels
from wishes.handover.tokens import PublicKeys, TokenRefused, TokenSigner, TokenType, scan_url

FONTS = Path(__file__).resolve().parent.parent / "wishes" / "static" / "vendor" / "fonts"
SIGNER = TokenSigner(1, bytes(range(32)))
CATEGORIES = ("study", "book", "clothing", "sport", "art", "toy", "daily", "aid")


def run_of(count: int) -> list[Label]:
    rng = random.Random(2021)
    return [
        Label(
            SIGNER.sign(TokenType.LABEL, tag=rng.randbytes(8), epoch=1, expires_on=date(2021, 12, 31)),
            CATEGORIES[number % 8],
            alias=f"小鹿{number:05d}",
            place=f"3301{number % 13:02d}{number % 30:03d}-{number % 200:03d}",
            box=str(number // 40),
            due_on=date(2021, 6, 1),
        )
        for number in range(count)
    ]


def timed(work: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": round(time.perf_counter() - wall, 2), "cpu_seconds": round(time.process_time() - cpu, 2)}


def print_run(count: int, layout: str) -> dict[str, object]:
    labels = run_of(count)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryFile() as file:
        pdf = timed(lambda: write_labels(labels, file, layout=layout, base_url=BASE_URL, fonts_dir=FONTS))
        size = file.tell()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sample = [scan_url(BASE_URL, label.token) for label in labels[: max(1, count // 10)]]
    bound = timed(lambda: [qr_matrix(text) for text in sample])
    scale = count / len(sample)
    return {
        "labels": count,
        "layout": layout,
        **pdf,
        "peak_mb": round(peak_mb),
        "before_mb": round(before_mb),
        "file_mb": round(size / 1e6, 1),
        "labels_per_cpu_second": round(count / pdf["cpu_seconds"]),
        "bound_library_matrices": {name: round(value * scale, 1) for name, value in bound.items()},
    }


def worn_run(count: int, layout: str) -> dict[str, object]:
    labels, per_page, rng = run_of(count), FORMATS[layout].per_page, random.Random(7)
    unread = {"clean": 0, "worn": 0}
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        write_labels(labels, file, layout=layout, base_url=BASE_URL, fonts_dir=FONTS)  # type: ignore[arg-type]
        file.flush()
        document = pypdfium2.PdfDocument(file.name)
        for start in range(0, count, per_page):
            page = np.array(document[start // per_page].render(scale=203.2 / 72).to_pil().convert("L"))
            for place, label in enumerate(labels[start : start + per_page]):
                pixels, wanted = cell(page, layout, place), [scan_url(BASE_URL, label.token)]
                unread["clean"] += decoded(pixels) != wanted
                unread["worn"] += decoded(worn(pixels, layout, rng)) != wanted
        document.close()
    return {
        "labels": count,
        "layout": layout,
        "dpi": 203.2,
        "unread": unread,
        "read_share_worn": round(1 - unread["worn"] / count, 5),
    }


def token_run(count: int) -> dict[str, object]:
    rng = random.Random(count)
    keys = PublicKeys.from_seeds({1: bytes(range(32)), 2: bytes(range(1, 33))})  # an old key and a new one
    originals = [label.token.text for label in run_of(500)] + [receipt_token(number).text for number in range(500)]
    refusals: dict[str, int] = {}
    accepted = 0
    started = time.perf_counter()
    for _ in range(count):
        try:
            keys.verify(mutated(rng.choice(originals), rng), on=None)
        except TokenRefused as refusal:
            refusals[refusal.code] = refusals.get(refusal.code, 0) + 1
        else:
            accepted += 1
    return {
        "mutations": count,
        "accepted": accepted,
        "refused": refusals,
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("print", "worn", "tokens"))
    parser.add_argument("--count", type=int)
    parser.add_argument("--layout", choices=sorted(FORMATS), default="a4-24")
    wanted = parser.parse_args()
    if wanted.what == "print":
        result = print_run(wanted.count or 10_000, wanted.layout)
    elif wanted.what == "worn":
        result = worn_run(wanted.count or 10_000, wanted.layout)
    else:
        result = token_run(wanted.count or 1_000_000)
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
