"""Rust programs whose manifest shows that they cannot ask for anything over HTTPS."""

from __future__ import annotations

import re
from typing import Any

from rules.packages.developers.parts import read_toml, table

_OFFLINE = frozenset(
    "actix-rt actix-web ahash anyhow arc-swap argon2 askama async-stream async-trait axum axum-extra base64 bcrypt "
    "bincode bitflags blake3 bytes bytesize cached cfg-if chrono chrono-tz clap color-eyre comrak config crossbeam csv "
    "ctrlc dashmap derive_more dotenv dotenvy either env_logger envy eyre figment flate2 form_urlencoded futures "
    "futures-core futures-util getrandom glob handlebars hashbrown hex hmac http http-body http-body-util humantime "
    "hyper hyper-util include_dir indexmap indoc itertools itoa jsonwebtoken lazy_static libc log lru maud md5 memchr "
    "mime mime_guess minijinja mimalloc moka nanoid nix nom num num-traits num_cpus once_cell ordered-float "
    "parking_lot percent-encoding pin-project pulldown-cmark quick-xml rand rayon regex rmp-serde rocket ron "
    "rusqlite rust-embed semver serde serde_derive serde_json serde_qs serde_repr serde_urlencoded serde_with "
    "serde_yaml sha1 sha2 signal-hook simd-json simplelog slab smallvec socket2 strum strum_macros tempfile tera "
    "thiserror tikv-jemallocator time tokio tokio-stream tokio-util toml toml_edit tower tower-http tower-layer "
    "tower-service tracing tracing-subscriber typed-builder ulid url utoipa uuid validator walkdir "
    "warp wasm-bindgen xml-rs zeroize".split()
)
"""Crates that serve, parse or compute, and open no TLS connection of their own (their manifests on docs.rs)."""
_WITH_TLS = re.compile(r"tls|ssl|https|reqwest|client|push", re.IGNORECASE)
"""Names of features that may bring such a client."""


def asks_nobody(manifest: str) -> bool:
    """Tell whether a `Cargo.toml` names its dependencies, all of which are known to open no TLS connection."""
    data = read_toml(manifest)
    if "package" not in data:
        return False
    tables = [table(data, "dependencies")]
    tables += [table(data, "target", target, "dependencies") for target in table(data, "target")]
    return all(_is_offline(name, wanted) for one in tables for name, wanted in one.items())


def _is_offline(name: str, wanted: Any) -> bool:
    if isinstance(wanted, str):
        return name in _OFFLINE
    if not isinstance(wanted, dict) or not {"path", "git", "workspace", "package", "registry"}.isdisjoint(wanted):
        return False
    features = wanted.get("features", ())
    return (
        name in _OFFLINE
        and isinstance(features, (list, tuple))
        and not any(_WITH_TLS.search(str(one)) for one in features)
    )
