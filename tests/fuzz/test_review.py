from tests.fuzz.review import run


def test_no_rule_raises_on_three_hundred_spoilt_dockerfiles() -> None:
    assert run(300, seed=5, real=False) == {}
