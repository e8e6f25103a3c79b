"""See pack_ruby.md."""

from collections.abc import Iterator

from rules.api import Category, DockerfileChange, Problem, Severity, rule
from rules.build.bootsnap_workers import bootsnap_in_parallel
from rules.build.rails_assets import assets_without_key
from rules.packages.caches.ruby_gems import gem_cache_left
from rules.packages.ruby_bundler import redundant_bundler
from rules.runtime.languages.ruby_jemalloc import jemalloc_not_preloaded
from rules.runtime.languages.ruby_yjit import yjit_not_enabled
from rules.runtime.ports.rails_probe import probe_of_front_page

_CHECKS = (
    assets_without_key,
    bootsnap_in_parallel,
    redundant_bundler,
    gem_cache_left,
    jemalloc_not_preloaded,
    yjit_not_enabled,
    probe_of_front_page,
)


@rule(
    "pack-ruby",
    severity=Severity.INFO,
    category=Category.RELIABILITY,
    default="off",
    mentions=("ruby", "rails", "rack"),
)
def check(change: DockerfileChange) -> Iterator[Problem]:
    """An image of a program in Ruby leaves out what such images have: a stand-in for the key, YJIT, jemalloc."""
    if change.is_for_developers:
        return
    for part in _CHECKS:
        yield from part(change)
