"""The house rules of docs and ADRs, read off the code itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wishes.lifecycle import mermaid

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("wishes", "matching", "workers")
NETWORK = {"socket", "http.client", "urllib.request", "smtplib", "requests", "httpx", "ssl"}


def modules(room: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / room).rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def roots(tree: ast.Module) -> set[str]:
    return {name.split(".")[0] for name in imported(tree)}


def test_the_engine_knows_no_web_no_database_and_no_product() -> None:
    for path, tree in modules("matching"):
        assert not roots(tree) & {"wishes", "workers", "flask", "sqlmodel", "sqlalchemy", "celery", "datetime", "os"}, (
            path
        )


def test_the_product_never_imports_its_alarm_clock() -> None:
    for path, tree in modules("wishes"):
        if path.as_posix() != "wishes/processes.py":  # the composition root of processes
            assert "workers" not in roots(tree), path


def test_pure_modules_import_nothing_that_acts() -> None:
    pure = ("lifecycle.py", "errors.py", "access.py", "i18n.py", "clock.py")
    for name in pure:
        tree = ast.parse((ROOT / "wishes" / name).read_text(encoding="utf-8"))
        assert not roots(tree) & {"flask", "sqlmodel", "sqlalchemy", "celery", "os", "redis"}, name


def test_only_settings_reads_the_environment() -> None:
    for room in ("wishes", "workers"):
        for path, tree in modules(room):
            readers = [
                node.lineno
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute)
                and node.attr in ("environ", "getenv")
                and isinstance(node.value, ast.Name)
                and node.value.id == "os"
            ]
            if path.as_posix() in (
                "wishes/settings.py",
                "wishes/processes.py",
            ):  # the latter hands it on to children, whole
                continue
            assert not readers, f"{path}:{readers} reads the environment; ask wishes/settings.py"


def test_only_the_channels_open_the_network() -> None:
    for path, tree in modules("wishes"):
        if path.as_posix().startswith("wishes/tracking/channels"):
            continue
        assert not imported(tree) & NETWORK, f"{path} opens the network; that is for wishes/tracking/channels"


def test_only_the_event_room_writes_a_status() -> None:
    """`update(Wish)…status` and `INSERT INTO event` stand in wishes/events; the claim's one statement is the exception it names."""
    allowed = {"wishes/events/actions.py", "wishes/events/bulk.py", "wishes/claims/statement.py"}
    writes = re.compile(r"UPDATE\s+wish\b|update\(_?(Wish|WISH)\)", re.IGNORECASE)
    status = re.compile(r"status\s*=|\"status\"\s*:|Wish\.status\b.*values")
    for path, _ in modules("wishes"):
        if path.as_posix() in allowed or "/migrations/" in path.as_posix():
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        for found in writes.finditer(text):
            values = text[found.end() : found.end() + 400].split("execute(")[0]
            values = values[values.find("values") :] if "values" in values else ""
            assert not status.search(values.split(")")[0]), f"{path} writes a wish's status; make a move instead"


def test_no_module_has_a_name_that_promises_nothing() -> None:
    for room in ROOMS:
        for path, _ in modules(room):
            names = {part.removesuffix(".py") for part in path.parts}
            assert not names & {"utils", "util", "helpers", "common", "service", "services", "manager", "misc"}, path


def test_nothing_is_caught_without_a_name() -> None:
    for room in ROOMS:
        for path, tree in modules(room):
            for node in ast.walk(tree):
                if isinstance(node, ast.ExceptHandler):
                    named = [n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)] if node.type else []
                    assert node.type and not {"Exception", "BaseException"} & set(named), f"{path}:{node.lineno}"


def test_no_page_reads_a_number_without_a_bound() -> None:
    for path in sorted((ROOT / "wishes" / "web").rglob("*.py")):
        assert "type=int)" not in path.read_text("utf-8"), f"{path}: use wishes.web.numbers.whole"


def test_no_task_is_pickled_and_none_waits_in_the_broker() -> None:
    for room in ("wishes", "workers"):
        for path, tree in modules(room):
            assert "pickle" not in roots(tree), path
            for node in ast.walk(tree):
                if isinstance(node, ast.keyword) and node.arg in ("eta", "countdown"):
                    pytest.fail(f"{path}: a deadline belongs into the database, not into {node.arg}=")


@pytest.mark.parametrize(("name", "language"), [("README.md", "en"), ("README.zh-CN.md", "zh")])
def test_the_diagram_in_the_readme_is_the_table(name: str, language: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    drawn = re.search(r"```mermaid\n(.*?)\n```", text, re.DOTALL)
    assert drawn is not None
    assert drawn[1] == mermaid("zh" if language == "zh" else "en"), (
        f"make it anew: microwish lifecycle --language {language}"
    )


def test_templates_hold_no_inline_script_or_style() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), f"{path.name}: inline script"
        assert not re.search(r"\son\w+=\"", text), f"{path.name}: inline handler"
        if "notices" not in path.parts:  # e-mails have no stylesheet
            assert not re.search(r"\sstyle=\"", text), f"{path.name}: inline style"


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for url in re.findall(r"(?:src|href)=\"(https?://[^\"]+)\"", path.read_text(encoding="utf-8")):
            pytest.fail(f"{path.name} loads {url}")
