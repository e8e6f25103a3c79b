"""Modules of Go's that are written in C in part, so that a program which uses one of them does nothing without cgo."""

import re

_IN_C = re.compile(
    r"(?m)^[ \t]*(?:require[ \t]+)?("
    r"github\.com/(?:mattn/go-sqlite3|mutecomm/go-sqlcipher|confluentinc/confluent-kafka-go|marcboeker/go-duckdb|"
    r"duckdb/duckdb-go|tursodatabase/go-libsql)|gopkg\.in/confluentinc/confluent-kafka-go\.v1"
    r")(?:/v\d+)?[ \t]+v\d"
)
"""Those that bring their C library along, as their pages on pkg.go.dev say.

“go-sqlite3 requires cgo to work. This is a stub” is what a program says that was built without; of
`confluent-kafka-go`: “CGO_ENABLED must NOT be set to 0”. An indirect one counts, which a driver may be made of
(`gorm.io/driver/sqlite`): since Go 1.17 `go.mod` names all that the program's packages are taken from.
"""


def module_in_c(go_mod: str) -> str | None:
    """Return the first module that a `go.mod` asks for and that needs cgo."""
    found = _IN_C.search(go_mod)
    return found[1] if found is not None else None
