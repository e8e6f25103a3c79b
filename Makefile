# Two commands for a newcomer. Each sets up everything it needs on a fresh machine: Python 3.11.5 or newer, git and make.
#
#   make demo                      three pull requests are reviewed before your eyes
#   make test                      the whole test suite; PYTEST_ARGS="-k entrypoint" runs a part of it
#
# Python before 3.11.5, as in Debian 12, gets possessive patterns wrong (github.com/python/cpython/issues/106052), and with
# them what a RUN says. PYTHON=/path/to/python3.13 picks the interpreter for a new .venv.

VENV := .venv
PYTHON ?=
PYTEST_ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The suite starts some hundred processes, and without its bytecode kept each of them compiles the project again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test

demo: $(VENV)/.installed
	@$(VENV)/bin/hullcheck demo

test: $(VENV)/.installed
	$(VENV)/bin/python -m pytest -n auto --dist worksteal --ignore tests/corpus $(PYTEST_ARGS)

# Everything is installed from constraints.txt, hash by hash; then the project itself, editable, and nothing else.
$(VENV)/.installed: constraints.txt pyproject.toml | $(VENV)/bin/python
	@command -v git >/dev/null || { echo "git is missing: the tests and the demo keep real repositories. Install the package git." >&2; exit 1; }
	@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(VENV)/bin/python -m ensurepip --default-pip >/dev/null
	@echo "Installing what constraints.txt names into $(VENV) ..."
	@$(VENV)/bin/python -m pip install --quiet --require-hashes -r constraints.txt
	@$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' >/dev/null 2>&1; then \
	        "$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
	            echo "$$python cannot make virtual environments. On Debian and Ubuntu install the package python3-venv." >&2; exit 1; }; \
	        echo "Making $(VENV) with $$("$$python" --version) ..."; \
	        exec "$$python" -m venv $(VENV); \
	    fi; \
	done; \
	echo "Hullcheck needs Python 3.11.5 or newer, and none was found. Name one: make PYTHON=/path/to/python3.13 ..." >&2; exit 1
