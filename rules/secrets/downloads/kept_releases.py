"""Registries in which no release is ever replaced, by the addresses under which they give them out."""

from __future__ import annotations

import re

_KEEPERS = {
    "Maven Central": r"(?:repo1?\.maven\.org|repo\.maven\.apache\.org)/maven2/|search\.maven\.org/remotecontent\?",
    "PyPI": r"(?:files\.pythonhosted\.org|pypi\.io|pypi\.org|pypi\.python\.org)/packages/",
    "npm's registry": r"registry\.(?:npmjs\.org|yarnpkg\.com)/",
    "RubyGems": r"rubygems\.org/(?:downloads|gems)/",
}
"""Each by the rules that it gives itself.

Maven Central: "we do not remove or modify components once they are publicly available"
(central.sonatype.org/publish/requirements/immutability). PyPI: "does not allow for a filename to be reused"
(its help, "File name reuse"). npm: "Once package@version has been used, you can never use it again"
(docs.npmjs.com/policies/unpublish). RubyGems: "A gem version can not be published twice"
(blog.rubygems.org, 13 April 2015). crates.io is not among them: a version of a crate that was deleted has come again
with another content (rust-lang/crates.io#11150).
"""
_ADDRESSES = {name: re.compile(f"https://(?:{address})") for name, address in _KEEPERS.items()}


def keeper_of(url: str) -> str | None:
    """Return the registry that gives out one file under an address for good; `None` for any other address."""
    return next((name for name, address in _ADDRESSES.items() if address.match(url)), None)
