"""`hullcheck serve` and `hullcheck demo`."""

from __future__ import annotations

from importlib import import_module, util

from bot.cli.faults import UsageFault


def serve() -> None:
    """Serve until a signal stops the process."""
    from bot.__main__ import main  # noqa: PLC0415 - a review from the command line needs no server and no database

    main()


def demo() -> None:
    """Run the demo of the source checkout.

    Raises:
        UsageFault: An installed package has no demo: it needs the forge double, which lives with the tests.
    """
    if util.find_spec("tests") is None or util.find_spec("tests.demo") is None:
        raise UsageFault("The demo needs the source checkout: clone the repository and run `make demo` there.")
    import_module("tests.demo.show").main()
