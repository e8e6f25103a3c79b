"""How many Dockerfiles are parsed in a second of CPU time, beside dockerfile-parse alone.

    python -m tests.bench.parsing [folder or archive]

Reads every file of a folder or a .tar.gz; without one, the corpus of real Dockerfiles beside the project, else our own
test files, many times over. Prints the median of seven rounds. Ours includes places, flags, comments, here-documents
and faults; words and JSON arrays are read when a rule asks for them, and are measured in the second line.
"""

from __future__ import annotations

import statistics
import sys
import tarfile
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from dockerfile_parse import DockerfileParser

from rules.dockerfile.parse import parse
from rules.dockerfile.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "data" / "corpus.tar.gz"
OWN = Path(__file__).resolve().parent.parent / "dockerfile" / "files"


def files(place: Path) -> list[bytes]:
    """Return the files of a folder or an archive."""
    if place.is_dir():
        return [path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()]
    with tarfile.open(place) as tar:
        members = [member for member in tar if member.isfile() and not member.name.endswith(".jsonl")]
        return [tar.extractfile(member).read() for member in members]  # type: ignore[union-attr]  # files only


def ours(data: bytes) -> None:
    parse(Source.decode("Dockerfile", data))


def ours_with_words(data: bytes) -> None:
    for instruction in parse(Source.decode("Dockerfile", data)).instructions:
        _ = instruction.words, instruction.exec_form, instruction.pairs


def library(data: bytes) -> None:
    _ = DockerfileParser(fileobj=BytesIO(data)).structure


def rate(read: Callable[[bytes], None], texts: list[bytes]) -> float:
    """Return files per CPU-second."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for data in texts:
            read(data)
        rounds.append(len(texts) / (time.process_time() - started))
    return statistics.median(rounds)


def main() -> None:
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    texts = files(chosen) if chosen.exists() else files(OWN) * 200
    print(f"{len(texts):,} files, {sum(map(len, texts)):,} bytes; files per CPU-second:")
    for name, read in (("parse", ours), ("parse and all words", ours_with_words), ("dockerfile-parse", library)):
        print(f"  {name:20} {rate(read, texts):>8,.0f}")


if __name__ == "__main__":
    main()
