"""Errors as people and programs see them: a page with a sentence, or RFC 9457 problem details. Never a stack trace."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from wishes.errors import MicrowishError, NotSignedIn, TooManyRequests, Unavailable
from wishes.events.asked import request_in_hand
from wishes.i18n import Text
from wishes.web.context import language, t

log = logging.getLogger("microwish.web")

_HTTP_SENTENCES: dict[int, Text] = {
    400: Text("请求不完整或格式不对。请返回重试。", "The request is incomplete or malformed. Go back and try again."),
    403: Text("您的角色不能这样做。", "Your role does not permit this."),
    404: Text(
        "没有找到这个页面。请检查链接或返回首页。", "There is no such page. Check the link or go back to the start."
    ),
    405: Text("这个地址不支持这种操作。", "This address does not support that operation."),
    413: Text("文件太大。请分成几个文件再上传。", "The file is too large. Split it and upload the parts."),
    415: Text("不支持这种内容格式。", "This kind of content is not supported."),
}


def wants_json() -> bool:
    return request.path.startswith("/api/")


def request_id() -> str:
    return request_in_hand.get()


def problem(status: int, code: str, title: str, detail: str, **extra: Any) -> Response:
    """An ``application/problem+json`` answer. Source: RFC 9457."""
    body = {
        "type": f"urn:microwish:{code}",
        "status": status,
        "title": title,
        "detail": detail,
        "code": code,
        "request_id": request_id(),
        **extra,
    }
    response = jsonify(body)
    response.status_code, response.content_type = status, "application/problem+json"
    return response


def answer(status: int, code: str, title: str, detail: str, **extra: Any) -> Response:
    if wants_json():
        return problem(status, code, title, detail, **extra)
    return Response(
        render_template("errors/error.html", title=title, detail=detail, status=status, request_id=request_id()),
        status=status,
        content_type="text/html; charset=utf-8",
    )


def install(app: Flask) -> None:
    @app.errorhandler(MicrowishError)
    def _ours(error: MicrowishError) -> WerkzeugResponse:
        if isinstance(error, NotSignedIn) and not wants_json() and request.method == "GET":
            return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")))
        extra = {"field": error.facts["field"]} if "field" in error.facts else {}
        response = answer(error.status, error.code, error.title.say(language()), error.say(language()), **extra)
        if isinstance(error, Unavailable | TooManyRequests):
            response.headers["Retry-After"] = str(error.facts.get("seconds", 2))
        if isinstance(error, NotSignedIn) and wants_json():
            response.headers["WWW-Authenticate"] = 'Bearer realm="microwish"'
        return response

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> Response:
        return answer(
            400,
            "form_expired",
            t("表单已过期", "The form has expired"),
            t(
                "页面打开太久了。请刷新页面后再提交，您填写的内容仍在上一页。",
                "The page was open for too long. Reload it and submit again; what you typed is on the page before.",
            ),
        )

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = error.code or 500
        sentence = _HTTP_SENTENCES.get(status, Text("请求不能处理。", "The request cannot be handled."))
        response = answer(status, f"http_{status}", t("无法处理", "Cannot be handled"), t(sentence))
        if status == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
        return response

    @app.errorhandler(500)
    def _bug(error: Exception) -> Response:
        cause = getattr(error, "original_exception", None) or error
        log.error("request %s %s failed: %s", request_id(), request.endpoint, type(cause).__name__, exc_info=cause)
        return answer(
            500,
            "internal",
            t("系统出错", "Something went wrong"),
            t(
                "这不是您的错。请稍后再试；如仍不行，请把编号 {id} 告诉管理员。",
                "This is not your fault. Try again later; if it persists, tell the administrator the number {id}.",
                id=request_id(),
            ),
        )
