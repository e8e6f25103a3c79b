import pytest

from tests.fuzz.long_words import PIECES, PLACES, slow


@pytest.mark.parametrize(("place", "first"), [(place, number % 3) for number, place in enumerate(PLACES)])
def test_a_long_word_takes_no_longer_than_its_length_explains(place: str, first: int) -> None:
    """A third of the words in each place, another third in the next; `tests.fuzz.long_words` tries them all."""
    assert slow(place, 7_500, PIECES[first::3]) == []
