from rules.dockerfile.shell import Script, parse
from rules.dockerfile.source import Source


def script(code: str, dialect: str = "sh") -> Script:
    return parse(code, Source("Dockerfile", code), 0, dialect=dialect)


def names(code: str) -> list[str]:
    return [command.name for command in script(code).commands]


def test_a_chain_is_its_commands_in_order() -> None:
    assert names("apt-get update && apt-get install -y curl || true; ls | wc -l") == [
        "apt-get",
        "apt-get",
        "true",
        "ls",
        "wc",
    ]
