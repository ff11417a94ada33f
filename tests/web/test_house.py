"""The house rules catch what they are there to catch."""

from __future__ import annotations

import pytest

from tests.web.house import check_page, findings

GOOD = """<!doctype html><html lang="zh-CN"><head><title>心愿 · 微心愿</title>
<script type="module" src="/static/app.js"></script></head>
<body><main><h1>心愿</h1>{}</main></body></html>"""


def test_a_page_that_keeps_the_rules_has_no_findings() -> None:
    token = '<input type="hidden" name="csrf_token" value="t">'
    form = f'<form method="post">{token}<label for="a">名</label><input id="a"></form>'
    assert findings(GOOD.replace("{}", form)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<h1>再一个</h1>", "one h1"),
        ("<main></main>", "one main"),
        ("<input id='a'>", "has no label"),
        ("<label for='a'></label><input id='a'>", "has no label"),
        ("<label for='b'>名</label><input id='a'>", "points at 'b'"),
        ("<select name='s'></select>", "has no label"),
        ("<button type='submit'></button>", "has no name"),
        ("<button><svg aria-hidden='true'><path/></svg></button>", "has no name"),
        ("<a href='/x'><img src='/y.png' alt=''></a>", "has no name"),
        ("<form method='post'></form>", "without csrf_token"),
        ("<form method='POST'><input type='hidden' name='csrf_token' value=''></form>", "without csrf_token"),
        ("<form><input type='hidden' name='csrf_token' value='t'></form>", "into the address"),
        ("<form><form></form></form>", "inside another form"),
        ("<p id='a'></p><p id='a'></p>", "stands 2 times"),
        ("<p aria-describedby='gone'></p>", "points at 'gone'"),
        ("<a href='#gone'>去</a>", "not on the page"),
        ("<script>1</script>", "inline script"),
        ("<script type='application/json'>{</script>", "not JSON"),
        ("<style>p{}</style>", "inline style sheet"),
        ("<p style='color:red'></p>", "inline style"),
        ("<p onclick='x()'></p>", "inline handler"),
        ("<a href='javascript:x()'>跑</a>", "runs a script"),
        ("<script src='https://cdn.example/x.js'></script>", "from elsewhere"),
        ("<img src='/x.png'>", "no alt"),
        ("<svg><path/></svg>", "neither hidden"),
        ("<svg class='icon' aria-hidden='true'></svg>", "no icon of that name"),
        ("<a href='https://example.org' target='_blank'>外</a>", "noopener"),
        ("<p>{{{{ name }}}}</p>".replace("{{{{", "{{").replace("}}}}", "}}"), "unrendered"),
        ("<p></div></p>", "closes nothing"),
    ],
)
def test_a_broken_rule_is_named(body: str, said: str) -> None:
    assert any(said in finding for finding in findings(GOOD.replace("{}", body)))


@pytest.mark.parametrize(
    "html",
    [
        GOOD.replace(' lang="zh-CN"', ""),
        GOOD.replace("zh-CN", "fr"),
        GOOD.replace("心愿 · 微心愿", " · "),
        GOOD.replace("心愿 · 微心愿", "· 微心愿"),
        GOOD.replace("<h1>心愿</h1>", ""),
        GOOD.replace("<h1>心愿</h1>", "<h1> </h1>"),
    ],
)
def test_a_page_without_its_frame_is_named(html: str) -> None:
    assert findings(html.replace("{}", ""))


def test_the_refusal_names_the_page_and_every_finding() -> None:
    with pytest.raises(AssertionError, match=r"(?s)/wishes breaks.*no label.*inline style"):
        check_page(GOOD.replace("{}", "<input><p style='x'></p>"), "/wishes")
