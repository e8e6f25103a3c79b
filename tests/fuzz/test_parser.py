import pytest

from tests.fuzz.parser import findings, run, seeds


def test_our_own_dockerfiles_hold_every_invariant() -> None:
    assert [findings(text) for text in seeds()] == [[] for _ in seeds()]


def test_a_thousand_spoilt_dockerfiles_show_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = run(1000, seed=20)
    assert wrong == 0, capsys.readouterr().out
