"""What the documents, and the sentences in the program, say: links, headings, code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_PACKAGES = ("components", "copilot", "grafana", "lab", "stacks", "tdeploy", "tools")
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Said:
    """A link's target or a piece of code, and where it stands, as `README.md:12`."""

    where: str
    text: str


def links(document: Path) -> Iterator[Said]:
    """The target of every link and picture."""
    for line, token in _inline(document):
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield _said(document, line, str(target))


def anchors(document: Path) -> set[str]:
    """What GitHub calls the headings: lower case, hyphens for spaces, a number for a second one."""
    found = set[str]()
    tokens = _tokens(document)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(child.content for child in inline.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            further = (f"{slug}-{number}" for number in count(1))
            found.add(slug if slug not in found else next(s for s in further if s not in found))
    return found


def code(document: Path) -> Iterator[Said]:
    """Every code span, and every line after a prompt."""
    for line, token in _inline(document):
        if token.type == "code_inline":
            yield _said(document, line, token.content)
    for token in _tokens(document):
        if token.type == "fence" and token.map:
            # A command that goes on in the next line is one command.
            for typed in token.content.replace("\\\n", "").splitlines():
                if typed.startswith("$ "):
                    yield _said(document, token.map[0], typed.removeprefix("$ "))


def quoted(document: Path) -> Iterator[Said]:
    """Every code span in the first cell of a line, in tables whose first column is what is said."""
    is_said, is_first = False, False
    for opening, inline in pairwise(_tokens(document)):
        if opening.type == "tr_open":
            is_first = True
        elif opening.type in ("th_open", "td_open"):
            if is_first and opening.type == "th_open":
                is_said = inline.content.endswith(("says", "`reason`"))
            elif is_first and is_said:
                for child in inline.children or ():
                    if child.type == "code_inline":
                        yield _said(document, (opening.map or inline.map or [0])[0], child.content)
            is_first = False


def sentences() -> Iterator[str]:
    """Every string of the program, with what is filled in as `{expression}`."""
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for _, text in _strings(ast.parse(path.read_text(encoding="utf-8"))):
                yield " ".join(text.split())


def code_in_sources() -> Iterator[Said]:
    """Every code span in a string of the program, and every string that is a call of `tdeploy`.

    What is filled in stands there as `{expression}`.
    """
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for line, text in _strings(ast.parse(path.read_text(encoding="utf-8"))):
                whole = [text] if text.startswith("tdeploy ") else []
                for span in (*whole, *_SPAN.findall(text)):
                    yield _said(path, line - 1, " ".join(span.split()))


def _strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        parts = (
            f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else part.value
            for part in node.values
            if isinstance(part, ast.FormattedValue | ast.Constant)
        )
        yield node.lineno, "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


def _inline(document: Path) -> Iterator[tuple[int, Token]]:
    for token in _tokens(document):
        for child in token.children or ():
            yield (token.map or [0])[0], child


def _tokens(document: Path) -> list[Token]:
    return _MARKDOWN.parse(document.read_text(encoding="utf-8"))


def _said(path: Path, line: int, text: str) -> Said:
    return Said(f"{path.relative_to(ROOT)}:{line + 1}", text)
