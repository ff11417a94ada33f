"""The templates alone: a Flask app without database that shows the style guide, the error page, a small form and
a piece of work that goes on (its second answer fails, its fourth says it is done).

Query parameters choose the reader: ``lang`` (zh, en), ``me=0`` (nobody signed in), ``nav`` (how many menu entries).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask, Response, redirect, render_template, render_template_string, request
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.i18n import Text
from wishes.lifecycle import STATUS_LABEL, Status

CHECKOUT = Path(__file__).resolve().parents[2]
# Stricter than the product's own: whatever the design needs, it must not need more than this.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
MENU = (
    ("home", "今天", "Today", 3),
    ("wish", "心愿", "Wishes", None),
    ("heart", "认领", "Claims", 12),
    ("bell", "消息", "Notices", None),
    ("chart", "看板", "Board", None),
    ("upload", "导入", "Import", None),
    ("match", "匹配", "Matching", None),
)


ENTRY = """{% extends "base.html" %}
{% import "macros/forms.html" as forms with context %}
{% import "macros/layout.html" as layout with context %}
{% block title %}{{ t('登记', 'Entry') }}{% endblock %}
{% block content %}{{ layout.page_header(t('登记', 'Entry')) }}
{% call forms.form('/entry', draft='entry') %}
{{ forms.textarea('story', t('为什么', 'Why'), story, error=t('太短', 'Too short') if refused else '') }}
{{ forms.field('alias', t('化名', 'Alias'), identity=true) }}
{{ forms.select('kind', t('种类', 'Kind'), [('goods', t('物品', 'Thing')), ('service', t('陪伴', 'Hour'))], 'goods') }}
{{ forms.submit(t('提交', 'Send')) }}
{% endcall %}{% endblock %}"""

PROGRESS = """{% extends "base.html" %}
{% import "macros/layout.html" as layout with context %}
{% import "macros/numbers.html" as numbers with context %}
{% block title %}{{ t('进度', 'Progress') }}{% endblock %}
{% block content %}{{ layout.page_header(t('进度', 'Progress')) }}
{% if asked < 4 %}{% call layout.live('work', '/progress', 1) %}{{ numbers.progress('x', asked, 4) }}{% endcall %}
{% else %}<div id="work"><p>{{ t('完成', 'Done') }}</p></div>{% endif %}{% endblock %}"""


@dataclass(frozen=True)
class Named:
    """Something with a name, as the shell shows a person or a campaign."""

    name: str
    slug: str = "yunxi"
    roles: list[tuple[str, str]] = field(default_factory=list)


def words() -> Callable[..., str]:
    lang = request.args.get("lang", "zh")
    return lambda zh, en, **facts: Text(zh, en).say("zh" if lang == "zh" else "en", **facts)


def bare_app() -> Flask:
    app = Flask("bare", template_folder=str(CHECKOUT / "templates"), static_folder=str(CHECKOUT / "wishes" / "static"))
    app.secret_key = "only for the session that flash() wants"

    @app.after_request
    def _policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.context_processor
    def _context() -> dict[str, Any]:
        t = words()
        nav = [
            {
                "url": "/" if at == 0 else f"/{icon}",
                "label": t(zh, en),
                "icon": icon,
                "current": "" if at else "page",
                "badge": badge,
            }
            for at, (icon, zh, en, badge) in enumerate(MENU[: request.args.get("nav", len(MENU), type=int)])
        ]
        me = (
            Named(t("林示范", "Sample Lin"), roles=[("volunteer", t("志愿者", "Volunteer"))])
            if request.args.get("me") != "0"
            else None
        )
        return {
            "t": t,
            "lang": request.args.get("lang", "zh"),
            "me": me,
            "nav": nav,
            "campaign": Named(t("云溪微心愿", "Yunxi wishes")),
            "csrf_token": lambda: "token",
            "asset": lambda path: f"/static/{path}",
            "home_url": "/",
            "sign_in_url": "/sign-in",
            "status_label": lambda status: STATUS_LABEL[Status(status)].say(
                "zh" if request.args.get("lang", "zh") == "zh" else "en"
            ),
        }

    @app.get("/")
    def styleguide() -> str:
        return render_template("styleguide.html")

    @app.get("/problem")
    def problem() -> str:
        t = words()
        return render_template(
            "errors/error.html",
            status=404,
            title=t("没有找到", "Not found"),
            request_id="0f3a",
            detail=t("请检查链接或返回首页。", "Check the link or go back to the start."),
        )

    @app.route("/entry", methods=["GET", "POST"])
    def entry() -> WerkzeugResponse | str:
        refused = request.method == "POST" and len(request.form["story"]) < 3
        if request.method == "POST" and not refused:
            return redirect("/problem")
        return render_template_string(ENTRY, refused=refused, story=request.form.get("story", ""))

    asked = count(1)

    @app.get("/progress")
    def progress() -> WerkzeugResponse | str:
        now = next(asked)
        if now == 2:
            return Response("not now", 503)
        return render_template_string(PROGRESS, asked=now)

    return app


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address at which *app* answers on loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def named_in_templates(pattern: str) -> set[str]:
    """What *pattern*'s group catches in all templates."""
    return {
        name
        for path in (CHECKOUT / "templates").rglob("*.html")
        for name in re.findall(pattern, path.read_text("utf-8"))
    }
