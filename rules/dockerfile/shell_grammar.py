"""The shell grammar (tree-sitter-bash): trees, node kinds and queries."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import tree_sitter_bash
from tree_sitter import Language, Parser, Query, QueryCursor

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

    from rules.dockerfile.shell_words import ShellText

LANGUAGE = Language(tree_sitter_bash.language())
_NOT_PLAIN = re.compile(r"[^\x01-\x7f]")
_HAS_HOLE = re.compile(r"\$[({\[]|`|[<>]\(|=\(")
_CLOSED = re.compile(r"(?:\b(?:done|fi|esac)|[)}])(?:\s|\\\n)*\Z")
_INLINE_COMMENT = re.compile(r"`#[^`\n]*`")
_HAS_COMMENT = re.compile(r"(?:^|[\s;&|()])#")


class Segment(NamedTuple):
    """One piece of shell code that was read as a whole.

    Attributes:
        text: The code, here-documents and a trailing comment blanked.
        tree: Its grammar tree; indexes in it are indexes in the view.
        dialect: The shell that runs it.
    """

    text: ShellText
    tree: Tree
    dialect: str


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(LANGUAGE)


@lru_cache(maxsize=16)
def _query(pattern: str) -> Query:
    return Query(LANGUAGE, pattern)


def read_tree(view: str) -> Tree:
    """Parse shell code; indexes in the tree are indexes of characters, not of bytes.

    A character outside ASCII is an ordinary one to the shell, so the grammar is shown a full stop for each.
    """
    plain = view if view.isascii() and "\0" not in view else _NOT_PLAIN.sub(".", view)
    return _parser().parse(plain.encode("ascii"))


def captures(tree: Tree, pattern: str) -> list[Node]:
    """Return the nodes that a query captures, in the order of the text.

    Args:
        tree: The tree.
        pattern: A query that captures under the name `node`.
    """
    return QueryCursor(_query(pattern)).captures(tree.root_node).get("node", [])


def error_nodes(view: str, tree: Tree) -> list[Node]:
    """Return the nodes at which the code is no valid shell.

    The grammar asks for a semicolon between two closing words (`done fi`), the shells do not.
    """
    if not tree.root_node.has_error:
        return []
    found = captures(tree, "[(ERROR) (MISSING)] @node")
    return [node for node in found if node.type != ";" or not _CLOSED.search(view, 0, node.start_byte)]


def without_inline_comments(view: str) -> str:
    """Blank comments in backticks, which the grammar would read up to the end of the line."""
    return _INLINE_COMMENT.sub(lambda match: " " * len(match.group()), view)


def holes(view: str, tree: Tree) -> dict[int, int]:
    """Return start and end of all that a word runs across: substitutions, `${…}`, `$((…))`, arrays."""
    if not _HAS_HOLE.search(view):
        return {}
    kinds = "[(command_substitution) (process_substitution) (expansion) (arithmetic_expansion) (array)] @node"
    return {node.start_byte: node.end_byte for node in captures(tree, kinds)}


def without_comment(view: str, tree: Tree) -> tuple[str, Tree]:
    """Blank a comment and all that follows: where the builder joins the lines, a comment has no end."""
    comments = captures(tree, "(comment) @node") if _HAS_COMMENT.search(view) else []
    if not comments:
        return view, tree
    start = min(comment.start_byte for comment in comments)
    view = view[:start] + " " * (len(view) - start)
    return view, read_tree(view)


@lru_cache(maxsize=64)
def kind_ids(*kinds: str) -> frozenset[int]:
    """Return the numbers of node kinds, for `Node.kind_id`; a kind may have several."""
    return frozenset(number for number in range(LANGUAGE.node_kind_count) if LANGUAGE.node_kind_for_id(number) in kinds)
