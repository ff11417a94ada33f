"""The design system shows whole, in both languages, and keeps the house rules."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from flask import Flask

from tests.web.bare_app import CHECKOUT, bare_app, named_in_templates
from tests.web.house import check_page
from wishes.lifecycle import Status


@pytest.fixture(scope="module")
def app() -> Flask:
    return bare_app()


def macro_file(app: Flask, name: str) -> object:
    return app.jinja_env.get_template(f"macros/{name}.html").module


@pytest.mark.parametrize("path", ["/", "/problem"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("reader", ["", "me=0", "nav=4"])
def test_every_macro_keeps_the_house_rules(app: Flask, path: str, lang: str, reader: str) -> None:
    answer = app.test_client().get(f"{path}?lang={lang}&{reader}")
    assert answer.status_code == 200
    check_page(answer.text, f"{path} in {lang} {reader}")


def test_every_status_has_a_look(app: Flask) -> None:
    assert set(macro_file(app, "wish").STATUS_LOOK) == {status.value for status in Status}  # type: ignore[attr-defined]


def test_every_look_names_an_icon_that_is_drawn(app: Flask) -> None:
    drawn = set(macro_file(app, "icons").ICONS)  # type: ignore[attr-defined]
    looks = {icon for _, icon in macro_file(app, "wish").STATUS_LOOK.values()}  # type: ignore[attr-defined]
    assert looks <= drawn


def test_every_category_of_the_catalogue_has_an_icon(app: Flask) -> None:
    catalogue = CHECKOUT / "wishes" / "demo" / "hangzhou-2021" / "catalogue.csv"
    with catalogue.open(encoding="utf-8") as lines:
        categories = {row["category"] for row in csv.DictReader(lines)}
    assert categories and categories <= set(macro_file(app, "icons").ICONS)  # type: ignore[attr-defined]


def test_every_icon_that_a_template_names_is_drawn(app: Flask) -> None:
    named = named_in_templates(r"""icons?\.icon\('([a-z-]+)'""") | named_in_templates(r"""'?icon'?[=:] ?'([a-z-]+)'""")
    assert "check" in named
    assert named <= set(macro_file(app, "icons").ICONS)  # type: ignore[attr-defined]


def test_every_macro_is_shown_and_explained(app: Flask) -> None:
    shown = (CHECKOUT / "templates" / "styleguide.html").read_text("utf-8") + (
        CHECKOUT / "templates" / "base.html"
    ).read_text("utf-8")
    explained = (CHECKOUT / "docs" / "design-system.md").read_text("utf-8")
    for path in sorted((CHECKOUT / "templates" / "macros").glob("*.html")):
        for name in macros_in(path):
            call = f"{path.stem}.{name}("
            assert call in shown or name in indirectly_shown(path), f"{call}…) is not in the style guide"
            assert f"`{path.stem}.{name}" in explained, f"{call}…) is not in docs/design-system.md"


def macros_in(path: Path) -> set[str]:
    return {
        line.split("macro ")[1].split("(")[0]
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("{% macro ") and "macro _" not in line
    }


def indirectly_shown(path: Path) -> set[str]:
    """Macros of *path* that other macros call."""
    text = path.read_text("utf-8")
    others = "".join(other.read_text("utf-8") for other in path.parent.glob("*.html"))
    return {name for name in macros_in(path) if f"{{{{ {name}(" in text or f"{{{{ {path.stem}.{name}(" in others}


@pytest.mark.parametrize(
    "sheet", sorted((CHECKOUT / "wishes" / "static" / "css").glob("*.css")), ids=lambda sheet: sheet.name
)
def test_styles_load_nothing_from_elsewhere_and_name_only_files_that_exist(sheet: Path) -> None:
    text = sheet.read_text("utf-8")
    assert "//" not in text.replace("http://www.w3.org", ""), "a sheet names another host"
    for piece in text.split('url("')[1:]:
        assert (sheet.parent / piece.split('"')[0]).resolve().is_file()
