"""What BuildKit refuses."""

from rules.dockerfile.nodes import Instruction, SyntaxFault
from rules.dockerfile.source import Source


def faults(source: Source, instructions: tuple[Instruction, ...]) -> list[SyntaxFault]:
    return []
