"""Review Dockerfiles with one word, or one run of marks, of any length, in each place that rules look at.

    python -m tests.fuzz.long_words 20000

The number is how many characters the word has. What takes longer than its length explains is mostly a regular
expression that begins to search at each character anew. Prints the slowest; ends with 1 when there is one.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import rules
from tests.fuzz.command_line import count_and_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 0.25, 7_500
"""CPU seconds that one review of words of so many characters takes at most where nothing is amiss.

Of longer words it may take more, as if it were quadratic: so each length finds the same.
"""
GROWTH = 8
"""How often a longer review may take the time of one with words of a quarter: 4 is linear, 16 quadratic.

A busy machine makes both of them slow.
"""

PIECES = (
    *"a_.1/-=$({\"';|<>#:@,\\`*%+[]~&",
    *("  ", "\t", "&&", "\\\n", "a ", "a=", "a.", "a1", "a/", "a-", " -", " --a", "./", "../", "A_", "http://", "a:"),
    *("${", "$(", '","', "a\\\n", " \\\n"),
)
"""What a word is made of."""

PLACES = {
    "FROM": 'FROM {}\nCMD ["a"]\n',
    "RUN": "FROM debian:13\nRUN {}\n",
    "apt-get": "FROM debian:13\nRUN apt-get update && apt-get install -y {} && {}\nCMD x\n",
    "curl": "FROM debian:13\nRUN curl -fsSL https://example.com/{} | sh\n",
    "pip": "FROM python:3.13\nRUN pip install {} && git clone {}\n",
    "sed": "FROM debian:13\nRUN sed -i '{}' /etc/sudoers /etc/passwd && echo '{}' > /etc/sudoers.d/a\n",
    "setcap": "FROM debian:13\nRUN setcap {} /usr/bin/python3\n",
    "chmod": "FROM debian:13\nRUN chmod {} /a && chown {} /b && useradd {}\n",
    "ENV": "FROM debian:13\nENV A={}\nENV {}\nRUN echo $A\n",
    "ARG": "FROM debian:13\nARG {}\n",
    "COPY": "FROM debian:13\nCOPY {} /a\nCOPY --from=b --chown={} {} /a\n",
    "USER": "FROM debian:13\nUSER {}\nEXPOSE {}\nHEALTHCHECK CMD {}\n",
    "CMD": "FROM debian:13\nCMD {}\n",
    "ENTRYPOINT": 'FROM debian:13\nENTRYPOINT ["{}"]\nCMD ["sh","-c","{}"]\n',
    "comments": "# {}\n# hullcheck ignore={}\n# hadolint ignore={}\nFROM debian:13\nLABEL a={}\n",
    "here-document": "FROM debian:13\nRUN <<EOF\n{}\nEOF\n",
    "SHELL": 'FROM debian:13\nSHELL ["{}"]\nRUN a\nADD https://{} /a\n',
    "npm": "FROM node:22\nRUN npm install {} && npm ci && java -jar {} && dotnet {}\nWORKDIR {}\n",
    "sums": "FROM debian:13\nRUN echo {} | sha256sum -c && gpg --verify {} && gem install {} && go install {}\n",
    "mounts": "FROM debian:13\nRUN --mount=type=secret,id={} cat /run/secrets/{}\nVOLUME {}\n",
}
"""Dockerfiles in which `{}` stands for the word."""


def slow(place: str, length: int, pieces: Sequence[str] = PIECES) -> list[tuple[float, str]]:
    """Return the CPU seconds of the reviews that take too long, each with the piece that its word is made of."""
    seconds, characters = LONGEST
    longest = seconds * (length / characters) ** 2
    found = []
    for piece in pieces:
        spent = _spent(place, piece, length)
        if spent > longest:  # all garbage of the process may have been looked for in between: slow is what is so twice
            spent = min(spent, _spent(place, piece, length))
        if spent > longest and spent > GROWTH * _spent(place, piece, length // 4):
            found.append((spent, piece))
    return found


def _spent(place: str, piece: str, length: int) -> float:
    text = PLACES[place].replace("{}", (piece * length)[:length])
    started = time.process_time()
    rules.review({}, {"Dockerfile": text.encode()})
    return time.process_time() - started


def main() -> int:
    """Review a word of each piece in each place; the command line of this module."""
    length, _ = count_and_seed(__doc__)
    slowest = sorted(((spent, place, piece) for place in PLACES for spent, piece in slow(place, length)), reverse=True)
    for spent, place, piece in slowest:
        print(f"{spent:6.1f} s  {place}: {piece!r}")
    print(f"{len(PLACES) * len(PIECES)} reviews, {len(slowest)} slow")
    return 1 if slowest else 0


if __name__ == "__main__":
    sys.exit(main())
