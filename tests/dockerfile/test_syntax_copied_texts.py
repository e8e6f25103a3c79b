import pytest

from tests.dockerfile.reading import cut, fault, read

BASE = "FROM alpine:3.22\n"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("a=${b[@]}\n", "${b[@]}"),
        ("it's ${a}\n${b^^} ${c}\n", "${b^^}"),
        ("${a:-${b!}}\n", "${b!}"),
        ("x ${a:-b\ny ${c}\n", "${a:-b"),
        ('"${a"\n', '${a"'),
    ],
)
def test_what_cannot_be_filled_in_in_a_copied_text_is_shown_in_its_line(body: str, place: str) -> None:
    text = f"{BASE}COPY <<E /a\n{body}E\n"
    found = fault(text)
    assert cut(text, found.span) == place
    assert "put the delimiter in quotes: `<<'E'`" in found.message
    assert not read(text.replace("<<E", "<<'E'")).faults
    assert not read(text.replace("COPY <<E /a", "RUN <<E")).faults


def test_a_copied_text_may_hold_quotes_and_escaped_dollars() -> None:
    assert not read(f"{BASE}COPY <<E /a\nit's \"$a ${{b:-c}} \\${{d^^}} $(e) $1\nE\n").faults
