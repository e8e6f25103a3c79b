"""Proves the probes: each rule of GitLab's double is broken once, and its probe must notice."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from tests.forge import clock, faults, sabotage
from tests.forge import sabotage_gitlab as broken
from tests.forge import test_probes_gitlab_access as access
from tests.forge import test_probes_gitlab_diff as diffs_probes
from tests.forge import test_probes_gitlab_drafts as drafts
from tests.forge import test_probes_gitlab_faults as mishaps
from tests.forge import test_probes_gitlab_notes as notes
from tests.forge import test_probes_gitlab_positions as places
from tests.forge import test_probes_gitlab_webhooks as hooks
from tests.forge.gitlab import (
    desk,
    diffs,
    door,
    double,
    draft_routes,
    limits,
    note_routes,
    paging,
    params,
    positions,
    project,
    quick_actions,
    render,
    suggestions,
    talk,
    webhooks,
)
from tests.forge.gitlab_scene import Lab
from tests.forge.sabotage import Sabotage, check

WRONG_LINE = places.test_a_line_named_wrongly_is_refused
UNFOLDED = places.test_an_unchanged_line_between_the_hunks_can_be_unfolded
RUNS = notes.test_a_quick_action_at_the_beginning_of_a_line_runs
SABOTAGE = {
    "lines outside the diff": Sabotage(positions, "find", broken.any_row, partial(WRONG_LINE, new=99, old=100)),
    "both numbers": Sabotage(positions, "find", broken.row_by_new, partial(WRONG_LINE, new=2, old=None)),
    "one number": Sabotage(positions, "find", broken.row_by_new, partial(WRONG_LINE, new=3, old=3)),
    "unfolding": Sabotage(positions, "moved_line", sabotage.nothing, UNFOLDED),
    "one version": Sabotage(
        positions,
        "place",
        broken.any_version,
        partial(places.test_the_commits_must_be_those_of_one_version, name="start_sha"),
    ),
    "both paths": Sabotage(
        positions,
        "named",
        broken.by_new_path,
        partial(places.test_both_paths_must_be_those_of_the_diff, paths={"old_path": "old"}),
    ),
    "ranges": Sabotage(
        positions,
        "judge_range",
        sabotage.nothing,
        partial(
            places.test_a_range_that_gitlab_would_show_wrongly_is_noted, start={}, end={}, complaint="names no line"
        ),
    ),
    "following": Sabotage(positions, "follow", sabotage.nothing, places.test_a_thread_follows_its_line_through_a_push),
    "outdating": Sabotage(
        positions, "moved_line", lambda _, line: line, places.test_a_thread_on_a_changed_line_stays_with_the_old_version
    ),
    "old versions": Sabotage(
        double.GitLabDouble, "older_than", sabotage.no, places.test_an_old_gitlab_has_no_threads_on_files
    ),
    "drafts unchecked": Sabotage(
        draft_routes, "check_position", broken.checked_at_once, drafts.test_a_draft_is_not_checked_when_it_is_written
    ),
    "one bad draft": Sabotage(
        talk,
        "publish",
        broken.published_or_dropped,
        drafts.test_one_bad_line_is_a_bare_500_with_some_published_and_all_still_drafts,
    ),
    "drafts without a place": Sabotage(
        positions, "complete", sabotage.yes, drafts.test_a_draft_on_no_line_loses_its_position_without_a_word
    ),
    "draft replies": Sabotage(
        talk, "publish", broken.published_politely, drafts.test_a_draft_reply_opens_its_thread_again
    ),
    "replies": Sabotage(
        talk, "reply", broken.replied_and_left, notes.test_a_reply_stands_where_its_thread_stands_and_leaves_it_resolved
    ),
    "the right to resolve": Sabotage(
        talk, "may_resolve", sabotage.yes, notes.test_a_reporter_resolves_nothing_but_notes_of_its_own
    ),
    "what others wrote": Sabotage(
        note_routes, "own", note_routes.the_note, notes.test_what_others_wrote_is_not_ours_to_change
    ),
    "quick actions": Sabotage(quick_actions, "extract", broken.unread, partial(RUNS, body="Text\n/merge")),
    "carriage returns": Sabotage(quick_actions, "extract", broken.unread, notes.test_carriage_returns_do_not_survive),
    "suggested endings": Sabotage(
        suggestions,
        "ended",
        lambda content, _: content + "\n",
        notes.test_a_suggestion_ends_as_the_last_line_it_replaces,
    ),
    "suggestions": Sabotage(
        suggestions,
        "blocks",
        lambda _: iter([(0, 0, "x")]),
        partial(notes.test_another_block_is_no_suggestion, body="x"),
    ),
    "ignored parameters": Sabotage(
        params, "checked", broken.unknown_taken, notes.test_what_gitlab_would_ignore_is_noted
    ),
    "refs at first": Sabotage(
        render, "merge_request", broken.with_refs, diffs_probes.test_the_refs_are_null_until_the_diff_is_made
    ),
    "collapsing": Sabotage(
        diffs,
        "one",
        broken.never_collapsed,
        diffs_probes.test_a_diff_over_a_tenth_of_the_limit_is_collapsed_to_nothing,
    ),
    "overflow": Sabotage(
        diffs, "overflows", sabotage.no, diffs_probes.test_a_diff_of_too_many_files_is_cut_short_and_says_overflow
    ),
    "pages": Sabotage(desk, "paged", broken.whole, diffs_probes.test_a_page_has_a_hundred_items_at_most),
    "keys of pages": Sabotage(
        paging, "by_key", broken.numbered, diffs_probes.test_a_tree_is_paged_by_the_last_entry_seen
    ),
    "tokens": Sabotage(double, "LIFE", timedelta(days=400), access.test_a_token_dies_after_a_year),
    "the clock": Sabotage(clock.Clock, "advance", sabotage.nothing, access.test_a_token_dies_after_a_year),
    "scopes": Sabotage(door, "check_scope", sabotage.nothing, access.test_a_token_for_reading_does_not_write),
    "roles": Sabotage(door, "enter", sabotage.nothing, access.test_a_developer_has_no_business_with_hooks),
    "404 and not 403": Sabotage(project.Project, "reach", lambda *_: 10, access.test_what_one_may_not_see_is_not_there),
    "former paths": Sabotage(
        double.GitLabDouble, "find_former", sabotage.nothing, access.test_a_former_path_redirects_and_takes_no_writes
    ),
    "faults after the write": Sabotage(
        faults.Faults, "take", sabotage.take_before, mishaps.test_a_500_after_the_write_leaves_the_note_standing
    ),
    "limits": Sabotage(limits.Meter, "refuse", sabotage.nothing, mishaps.test_the_sixty_first_note_of_a_minute_waits),
    "statuses of forks": Sabotage(
        project.Project, "branches", lambda *_: ["main"], mishaps.test_a_forks_commit_takes_no_status_in_the_target
    ),
    "signatures": Sabotage(
        webhooks, "signature", broken.unsigned, hooks.test_a_signed_delivery_is_signed_over_id_time_and_body
    ),
    "the same key": Sabotage(
        webhooks.Hooks, "again", broken.another_key, hooks.test_a_retry_keeps_its_key_and_has_a_new_time
    ),
    "loops": Sabotage(webhooks.Hooks, "_caused", sabotage.no, hooks.test_a_hook_does_not_hear_of_what_it_has_caused),
    "the bot's own words": Sabotage(
        webhooks.Hooks, "note", sabotage.nothing, hooks.test_the_bots_own_notes_come_back_to_it
    ),
    "failing hooks": Sabotage(
        webhooks.Hooks, "_judge", sabotage.nothing, hooks.test_a_failing_hook_rests_after_the_fourth_failure
    ),
    "the reach of hooks": Sabotage(
        webhooks.Hook,
        "covers",
        sabotage.yes,
        hooks.test_a_group_hook_covers_what_is_below_and_the_instances_hears_no_notes,
    ),
    "the wishes of hooks": Sabotage(
        webhooks.Hook, "wants", sabotage.yes, hooks.test_what_a_hook_did_not_ask_for_is_not_told
    ),
}


@pytest.mark.parametrize("rule", SABOTAGE)
async def test_a_rule_broken_on_purpose_fails_its_probe(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await check(SABOTAGE[rule], Lab.set, monkeypatch)
