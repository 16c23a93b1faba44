"""Pages of plain HTML: the reference of the contract and the pages of the problems.

Made here and not by a shipped viewer: no script runs where keys are typed, nothing is loaded from
anywhere, and the page reads on a phone and in a text browser.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from tracker.api.catalogue import Entry, faults, problems
from tracker.api.conventions.problems import type_of

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem;color:#222}
h2{border-top:1px solid #ccc;padding-top:1rem}summary{cursor:pointer;padding:.3rem 0}
pre{background:#f4f4f4;padding:.7rem;overflow-x:auto;white-space:pre-wrap}
table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
b.m{display:inline-block;min-width:4.5rem;text-transform:uppercase}code{background:#f4f4f4}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}pre,code{background:#222}
a{color:#8cf}}
"""


def page(document: dict[str, Any]) -> bytes:
    """The reference page of a contract."""
    info = document["info"]
    by_tag: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append(_operation(path, method, operation))
    said = {tag["name"]: tag["description"] for tag in document["tags"]}
    index = " · ".join(f'<a href="#{tag}">{tag}</a>' for tag in by_tag)
    sections = [
        f'<h2 id="{tag}">{tag}</h2><p>{escape(said[tag])}</p>' + "".join(operations)
        for tag, operations in by_tag.items()
    ]
    shapes = document["components"]["schemas"]
    schemas = [
        f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary>'
        f"{_pre(shape)}</details>"
        for name, shape in sorted(shapes.items())
    ]
    return _html(
        f"{info['title']} {info['version']}",
        f"<p>{_paragraphs(info['description'])}</p><p>{index} · <a href='#shapes'>shapes</a> · "
        "<a href='/problems'>problems</a> · <a href='/openapi.json'>openapi.json</a></p>",
        *sections,
        "<h2 id='shapes'>shapes</h2>",
        *schemas,
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    made = [
        f'<details id="{escape(operation["operationId"])}"><summary><b class="m">{method}</b> '
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>",
        f"<p>{_paragraphs(operation['description'])}</p>",
        f"<pre>{escape(operation['x-codeSamples'][0]['source'])}</pre>",
    ]
    parameters = operation.get("parameters", [])
    if parameters:
        rows = "".join(
            f"<tr><td><code>{escape(p['name'])}</code></td><td>{p['in']}</td>"
            f"<td>{escape(p.get('description', ''))}</td></tr>"
            for p in parameters
        )
        made.append(f"<table><tr><th>parameter<th>in<th>meaning</tr>{rows}</table>")
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        made.append(f"<p>Body <code>{escape(media)}</code> {_link(content['schema'])}</p>")
    rows = "".join(
        f"<tr><td>{status}</td><td>{_says(answer)}</td><td>{_shape(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    made.append(f"<table><tr><th>answer<th>when<th>shape</tr>{rows}</table>")
    following = {
        to: None for answer in operation["responses"].values() for to in answer.get("links", ())
    }
    if following:
        made.append("<p>What may follow: " + ", ".join(map(_place, following)) + "</p>")
    made.append("</details>")
    return "".join(made)


def _place(operation: str) -> str:
    return f'<a href="#{escape(operation)}">{escape(operation)}</a>'


def _says(answer: dict[str, Any]) -> str:
    codes = [
        f'<a href="{type_of(code)}">{code}</a>'
        for content in answer.get("content", {}).values()
        for code in content.get("examples", {})
    ]
    return " ".join(codes) or escape(answer["description"])


def _shape(answer: dict[str, Any]) -> str:
    return " ".join(_link(content["schema"]) for content in answer.get("content", {}).values())


def _link(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f'<a href="#schema-{escape(name)}">{escape(name)}</a>' if name else ""


def problem_page(entry: Entry) -> bytes:
    """The page of one problem."""
    return _html(
        entry.code,
        f"<p>HTTP status {entry.status}</p><h2>What it means</h2><p>{escape(entry.meaning)}</p>"
        f"<h2>How to mend it</h2><p>{escape(entry.mend)}</p><p><a href='/problems'>All problems</a>"
        " · <a href='/docs'>Reference</a></p>",
    )


def problem_list() -> bytes:
    """The page of all problems, and of the faults within them."""
    known = "".join(
        f"<tr><td><a href='{type_of(entry.code)}'>{entry.code}</a></td><td>{entry.status}</td>"
        f"<td>{escape(entry.meaning)}</td></tr>"
        for entry in sorted(problems().values(), key=lambda e: e.code)
    )
    within = "".join(
        f"<tr><td>{entry.code}</td><td>{escape(entry.meaning)} {escape(entry.mend)}</td></tr>"
        for entry in sorted(faults().values(), key=lambda e: e.code)
    )
    return _html(
        "Problems",
        f"<table><tr><th>code<th>status<th>meaning</tr>{known}</table>",
        f"<h2>Faults within <code>errors</code></h2><table>{within}</table>",
    )


def _html(title: str, *parts: str) -> bytes:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
        + "".join(parts)
        + "</html>"
    ).encode()


def _paragraphs(text: str) -> str:
    return escape(text).replace("\n\n", "</p><p>")


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
