"""Breaks one rule of the double after the other, and sees the probe of that rule fail."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from tests.forge import clock, faults, openapi, sabotage
from tests.forge import sabotage_github as broken
from tests.forge import test_probes_github_access as access
from tests.forge import test_probes_github_checks as checks
from tests.forge import test_probes_github_comments as comments
from tests.forge import test_probes_github_contract as contract
from tests.forge import test_probes_github_diff as diffs
from tests.forge import test_probes_github_faults as mishaps
from tests.forge import test_probes_github_graphql as graphql
from tests.forge import test_probes_github_reviews as reviews
from tests.forge import test_probes_github_webhooks as hooks
from tests.forge.github import (
    check_routes,
    comment_routes,
    content_routes,
    desk,
    door,
    double,
    events,
    graphql_objects,
    limits,
    outdate,
    pulls,
    render_pulls,
    review_routes,
    review_rules,
    server,
    webhooks,
)
from tests.forge.github.answer import Answer
from tests.forge.sabotage import Sabotage, check
from tests.forge.scene import AFTER, Scene

SABOTAGE = {
    "lines outside the hunks": Sabotage(
        review_rules,
        "place",
        broken.place_anywhere,
        partial(reviews.test_a_line_outside_the_hunks_is_refused, line=7),
    ),
    "ranges": Sabotage(
        review_rules,
        "place",
        broken.place_without_range,
        partial(reviews.test_a_range_must_be_one_within_a_hunk, first=3, last=3, problem="must precede the end line."),
    ),
    "unknown paths": Sabotage(
        review_rules,
        "place",
        broken.place_anywhere,
        partial(reviews.test_a_path_outside_the_diff_is_refused, path="README.md"),
    ),
    "the culprit": Sabotage(
        review_routes,
        "placed",
        broken.name_the_culprit,
        reviews.test_one_bad_comment_takes_the_whole_review_down_and_is_not_named,
    ),
    "all or nothing": Sabotage(
        review_routes,
        "placed",
        broken.write_one_by_one,
        reviews.test_one_bad_comment_takes_the_whole_review_down_and_is_not_named,
    ),
    "one pending review": Sabotage(
        review_routes,
        "has_pending",
        sabotage.no,
        partial(reviews.test_a_pending_review_blocks_every_other, event="COMMENT"),
    ),
    "a pending review blocks comments": Sabotage(
        comment_routes, "has_pending", sabotage.no, comments.test_a_comment_is_blocked_by_a_pending_review
    ),
    "the commit reviewed": Sabotage(
        review_rules,
        "check_commit",
        lambda _, commit: commit,
        reviews.test_a_commit_that_was_forced_away_takes_no_review,
    ),
    "empty reviews": Sabotage(
        review_routes,
        "check_event",
        sabotage.nothing,
        partial(
            reviews.test_what_is_empty_too_long_or_placed_nowhere_is_refused,
            body={"comments": []},
            text="Body can't be blank",
        ),
    ),
    "long comments": Sabotage(
        review_rules,
        "check_body",
        sabotage.nothing,
        partial(comments.test_the_conversation_takes_neither_nothing_nor_too_much, body="x" * 65_537),
    ),
    "what others wrote": Sabotage(
        comment_routes, "own", sabotage.nothing, comments.test_somebody_elses_comment_is_not_ours_to_change
    ),
    "reactions": Sabotage(
        comment_routes, "react", broken.react_again, comments.test_a_reaction_given_twice_is_there_once
    ),
    "check runs": Sabotage(
        check_routes,
        "check",
        sabotage.nothing,
        partial(
            checks.test_what_is_too_long_too_many_or_nowhere_is_refused,
            body={"output": {"title": "t", "summary": "s", "annotations": [checks.notes(1)[0] | {"end_line": 0}]}},
        ),
    ),
    "faults after the write": Sabotage(
        faults.Faults, "take", sabotage.take_before, mishaps.test_a_502_after_the_write_leaves_the_review_standing
    ),
    "faults at all": Sabotage(
        faults.Faults, "take", sabotage.nowhere, mishaps.test_a_fault_hits_what_it_names_and_as_often_as_it_says
    ),
    "the secondary limits": Sabotage(
        limits.Meter,
        "_secondary",
        lambda *_, **__: 0,
        mishaps.test_the_eighty_first_write_of_a_minute_waits,
    ),
    "the primary limit": Sabotage(
        limits.Meter, "exhaust", sabotage.nothing, mishaps.test_primary_exhaustion_says_when_it_ends
    ),
    "requests at once": Sabotage(
        server, "secondary_refusal", lambda _: Answer(200, {}), mishaps.test_too_many_at_once_are_refused
    ),
    "the clock": Sabotage(clock.Clock, "advance", sabotage.nothing, access.test_a_token_dies_after_an_hour),
    "a token's hour": Sabotage(door, "LIFE", timedelta(hours=2), access.test_a_token_dies_after_an_hour),
    "the App's signature": Sabotage(
        door,
        "check_app_token",
        sabotage.nothing,
        access.test_a_json_web_token_signed_with_another_key_is_refused,
    ),
    "narrow tokens": Sabotage(
        door, "enter", sabotage.nothing, access.test_a_token_for_one_repository_does_not_see_the_others
    ),
    "permissions": Sabotage(door, "allowed", sabotage.yes, access.test_a_token_for_reading_does_not_write),
    "404 and not 403": Sabotage(door, "enter", broken.forbid, access.test_what_a_token_may_not_see_is_not_found),
    "suspension": Sabotage(
        double.GitHubDouble, "suspend", sabotage.nothing, access.test_a_suspended_installation_is_shut_out
    ),
    "redirects": Sabotage(door, "redirected", sabotage.nothing, access.test_a_former_name_redirects),
    "manners": Sabotage(
        door, "polite", sabotage.nothing, access.test_nobody_without_a_name_or_with_a_wrong_version_is_served
    ),
    "tags": Sabotage(
        desk.Desk, "_tagged", broken.untagged, access.test_what_has_not_changed_is_answered_304_and_costs_nothing
    ),
    "pages": Sabotage(desk, "paged", broken.whole, access.test_a_page_has_a_hundred_items_at_most),
    "outdating": Sabotage(
        outdate,
        "follow",
        sabotage.nothing,
        partial(
            diffs.test_a_comment_follows_its_line_and_is_outdated_with_it,
            pushed=AFTER.replace("RUN changed thirty\n", ""),
            line=None,
        ),
    ),
    "renames": Sabotage(
        render_pulls, "STATUS", render_pulls.STATUS | {"R": "added"}, diffs.test_a_rename_names_the_former_path
    ),
    "long patches": Sabotage(
        render_pulls, "files", broken.unlimited, diffs.test_a_patch_over_the_limits_is_missing_and_the_file_is_listed
    ),
    "the merge base": Sabotage(
        pulls.PullRequest,
        "diff",
        broken.from_the_base_branch,
        diffs.test_the_diff_begins_at_the_merge_base_and_not_at_the_base_branch,
    ),
    "links": Sabotage(content_routes, "LINK", "none", diffs.test_contents_follow_links_without_saying_so),
    "synchronize": Sabotage(
        events.Hooks, "pull_request", sabotage.nothing, hooks.test_a_push_names_the_heads_before_and_after
    ),
    "signatures": Sabotage(
        webhooks.Outbox,
        "signatures",
        lambda *_: {"X-Hub-Signature-256": "sha256=0"},
        hooks.test_a_delivery_is_signed_over_its_raw_bytes,
    ),
    "the same GUID": Sabotage(
        webhooks.Outbox, "again", broken.another_guid, hooks.test_a_redelivery_has_the_same_guid_and_bytes
    ),
    "the bot's own words": Sabotage(
        review_routes, "announce", sabotage.nothing, hooks.test_the_bots_own_words_come_back_to_it
    ),
    "subscriptions": Sabotage(
        webhooks,
        "UNASKED",
        {"pull_request", "issue_comment", "installation"},
        hooks.test_what_was_not_subscribed_to_is_not_told,
    ),
    "the right to resolve": Sabotage(
        graphql_objects.Root, "_need", sabotage.nothing, graphql.test_resolving_needs_the_right_to_write_contents
    ),
    "unknown keys": Sabotage(
        openapi.Description,
        "request_faults",
        sabotage.nowhere,
        partial(
            contract.test_a_request_the_description_does_not_know_is_refused,
            path="/issues/1/comments",
            body={"body": "x", "colour": "red"},
            fault="colour",
        ),
    ),
    "webhooks as described": Sabotage(
        openapi.Description, "webhook_faults", sabotage.nowhere, contract.test_a_webhook_that_does_not_fit_is_noted
    ),
}


@pytest.mark.parametrize("rule", SABOTAGE)
async def test_a_rule_broken_on_purpose_fails_its_probe(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await check(SABOTAGE[rule], Scene.set, monkeypatch)
