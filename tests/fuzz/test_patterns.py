from random import Random

from tests.fuzz.patterns import patterns, slow


def test_no_pattern_doubles_its_time_with_each_repetition() -> None:
    random = Random(20)
    assert [one for place, pattern in patterns().items() if (one := slow(place, pattern, 10, random)) is not None] == []
