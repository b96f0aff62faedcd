"""The links, headings and code of the documents, and the code in the program's texts."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_PACKAGES = ("components", "copilot", "grafana", "lab", "stacks", "tdeploy", "tools")
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Mention:
    """A link's target or a piece of code. `where` is its line, as in `README.md:12`."""

    where: str
    text: str


def links(document: Path) -> Iterator[Mention]:
    """The target of every link and picture."""
    for line, token in _inline(document):
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield _mention(document, line, str(target))


def anchors(document: Path) -> set[str]:
    """The headings as in GitHub's links: lower case, hyphens, a number for a second one."""
    found = set[str]()
    tokens = _tokens(document)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(child.content for child in inline.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            further = (f"{slug}-{number}" for number in count(1))
            found.add(slug if slug not in found else next(s for s in further if s not in found))
    return found


def code(document: Path) -> Iterator[Mention]:
    """Every code span, and every line after a prompt."""
    for line, token in _inline(document):
        if token.type == "code_inline":
            yield _mention(document, line, token.content)
    for token in _tokens(document):
        if token.type == "fence" and token.map:
            # A backslash at the end continues a command.
            for command in token.content.replace("\\\n", "").splitlines():
                if command.startswith("$ "):
                    yield _mention(document, token.map[0], command.removeprefix("$ "))


def code_in_sources() -> Iterator[Mention]:
    """Every code span in a string of the program, and every string that is a `tdeploy` command.

    A replacement field is `{expression}`.
    """
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for line, text in _strings(ast.parse(path.read_text(encoding="utf-8"))):
                whole = [text] if text.startswith("tdeploy ") else []
                for span in (*whole, *_SPAN.findall(text)):
                    yield _mention(path, line - 1, " ".join(span.split()))


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


def _mention(path: Path, line: int, text: str) -> Mention:
    return Mention(f"{path.relative_to(ROOT)}:{line + 1}", text)
