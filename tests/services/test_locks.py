"""What is installed is what the project says it needs, hash by hash, from wherever one's registry is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
NEEDED = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "requirements-dev.lock": PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"],
}


def pinned(lock: str) -> dict[str, set[str]]:
    """Versions by package name; a package may have one per Python version."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*])?==([^ ;\\]+)", lock, re.MULTILINE):
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_every_requirement_is_locked_to_a_version_it_allows(name: str) -> None:
    versions = pinned((CHECKOUT / name).read_text("utf-8"))
    for line in NEEDED[name]:
        requirement = Requirement(line)
        locked = versions.get(canonicalize_name(requirement.name), set())
        assert locked, f"{line} is not in {name}: make it again as CONTRIBUTING.md says"
        assert all(requirement.specifier.contains(version) for version in locked), f"{line}: {name} has {locked}"


def test_the_suite_runs_the_versions_that_users_get() -> None:
    users = pinned((CHECKOUT / "requirements.lock").read_text("utf-8"))
    suite = pinned((CHECKOUT / "requirements-dev.lock").read_text("utf-8"))
    assert {name: suite.get(name) for name in users} == users


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_every_locked_package_has_hashes_and_names_no_host(name: str) -> None:
    text = (CHECKOUT / name).read_text("utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index" not in text


def test_the_front_end_lock_has_checksums_and_names_no_host() -> None:
    lock = json.loads((CHECKOUT / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((CHECKOUT / "package.json").read_text("utf-8"))
    root = lock["packages"].pop("")
    assert root["dependencies"] == wanted["dependencies"]
    assert root["devDependencies"] == wanted["devDependencies"]
    for path, package in lock["packages"].items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path


def test_the_browser_reads_codes_with_the_release_that_its_reader_was_built_against() -> None:
    vendor = CHECKOUT / "wishes" / "static" / "vendor"
    lock = json.loads((CHECKOUT / "package-lock.json").read_text("utf-8"))["packages"]
    release = lock["node_modules/zxing-wasm"]["version"]
    assert f"zxing-wasm@{release}/" in (vendor / "barcode-detector.js").read_text("utf-8")
    assert (vendor / "zxing_reader.wasm").read_bytes()[:4] == b"\0asm"
