"""Review comments, comments of the conversation, and reactions to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.forge.github import render_talk, review_rules
from tests.forge.github.answer import Answer, Call, Refused, Route
from tests.forge.github.model import IssueComment, Reaction, Review, ReviewComment
from tests.forge.github.paging import chosen
from tests.forge.github.render_basics import REACTIONS
from tests.forge.github.review_routes import announce, has_pending, new_thread, own

if TYPE_CHECKING:
    from tests.forge.github.pulls import PullRequest


def list_comments(call: Call) -> Answer:
    """List a pull request's review comments, oldest first; those of pending reviews are hidden."""
    pull = call.pull_request
    comments = chosen(pull.visible_comments(), call.query)
    return Answer(200, [render_talk.review_comment(pull, each) for each in comments], page="")


def create_comment(call: Call) -> Answer:
    """Make a single comment on a line or a file, with the review that GitHub makes for it; or a reply."""
    pull, body = call.pull_request, call.body
    review_rules.check_body(pull, body["body"])
    if has_pending(call, pull):
        raise Refused(422, "Validation Failed", [review_rules.fault("user_id", "can only have one pending review")])
    if "in_reply_to" in body:
        return reply(call, pull)
    if "position" in body:
        raise Refused(422, "Validation Failed", [review_rules.fault("position", "is closing down; name a line")])
    commit = review_rules.check_commit(pull, body["commit_id"])
    whole = body.get("subject_type") == "file"
    try:
        if whole:
            where = review_rules.place_on_file(pull, commit, body["path"])
        else:
            where = review_rules.place(pull, commit, body)
    except review_rules.Unplaceable as error:
        raise Refused(422, "Validation Failed", [review_rules.fault(error.field, error.problem)]) from error
    review = Review(call.forge.new_id(), call.user, "", "COMMENTED", commit, call.forge.clock.now())
    comment = new_thread(call, pull, review, body["body"], where)
    review.comments.append(comment)
    pull.reviews.append(review)
    announce(call, pull, review)
    return Answer(201, render_talk.review_comment(pull, comment))


def reply(call: Call, pull: PullRequest) -> Answer:
    """Answer the first comment of a thread; answers to answers are refused."""
    target = next((each for each in pull.visible_comments() if each.id == call.body["in_reply_to"]), None)
    if target is None or target.in_reply_to is not None:
        raise Refused(422, "Validation Failed", [review_rules.fault("in_reply_to", "is not a top-level comment")])
    made = pull.add_reply(target, call.body["body"], call.user)
    return Answer(201, render_talk.review_comment(pull, made))


def found(call: Call) -> tuple[PullRequest, ReviewComment]:
    """Find the review comment named in the path."""
    number = call.number(call.path["comment_id"])
    for pull in call.project.pulls.values():
        for each in pull.comments:
            if each.id == number and (each.review.state != "PENDING" or each.author is call.user):
                return pull, each
    raise Refused(404, "Not Found")


def get_comment(call: Call) -> Answer:
    """Show one review comment."""
    pull, comment = found(call)
    return Answer(200, render_talk.review_comment(pull, comment))


def update_comment(call: Call) -> Answer:
    """Edit a review comment of one's own."""
    pull, comment = found(call)
    own(call, comment.author.login)
    review_rules.check_body(pull, call.body["body"])
    old, comment.body = comment.body, call.body["body"]
    comment.updated = call.forge.clock.now()
    call.forge.hooks.review_comment("edited", pull, comment, old=old)
    return Answer(200, render_talk.review_comment(pull, comment))


def delete_comment(call: Call) -> Answer:
    """Delete a review comment of one's own; a thread without comments is gone."""
    pull, comment = found(call)
    own(call, comment.author.login)
    comment.thread.comments.remove(comment)
    comment.review.comments.remove(comment)
    pull.threads = [thread for thread in pull.threads if thread.comments]
    call.forge.hooks.review_comment("deleted", pull, comment)
    return Answer(204)


def list_issue_comments(call: Call) -> Answer:
    """List the conversation, oldest first."""
    pull = call.pull_request
    comments = chosen(pull.issue_comments, call.query)
    return Answer(200, [render_talk.issue_comment(pull, each) for each in comments], page="")


def create_issue_comment(call: Call) -> Answer:
    """Comment in the conversation."""
    pull, text = call.pull_request, call.body["body"]
    review_rules.check_body(pull, text)
    now = call.forge.clock.now()
    made = IssueComment(call.forge.new_id(), call.user, text, now, now)
    pull.issue_comments.append(made)
    call.forge.hooks.issue_comment("created", pull, made)
    return Answer(201, render_talk.issue_comment(pull, made))


def found_issue_comment(call: Call) -> tuple[PullRequest, IssueComment]:
    """Find the conversation's comment named in the path."""
    number = call.number(call.path["comment_id"])
    for pull in call.project.pulls.values():
        for each in pull.issue_comments:
            if each.id == number:
                return pull, each
    raise Refused(404, "Not Found")


def get_issue_comment(call: Call) -> Answer:
    """Show one comment of the conversation."""
    pull, comment = found_issue_comment(call)
    return Answer(200, render_talk.issue_comment(pull, comment))


def update_issue_comment(call: Call) -> Answer:
    """Edit a comment of one's own."""
    pull, comment = found_issue_comment(call)
    own(call, comment.author.login)
    review_rules.check_body(pull, call.body["body"])
    old, comment.body = comment.body, call.body["body"]
    comment.updated = call.forge.clock.now()
    call.forge.hooks.issue_comment("edited", pull, comment, old=old)
    return Answer(200, render_talk.issue_comment(pull, comment))


def delete_issue_comment(call: Call) -> Answer:
    """Delete a comment of one's own."""
    pull, comment = found_issue_comment(call)
    own(call, comment.author.login)
    pull.issue_comments.remove(comment)
    call.forge.hooks.issue_comment("deleted", pull, comment)
    return Answer(204)


def react(call: Call, pull: PullRequest, given: list[Reaction]) -> Answer:
    """Give a reaction; giving it again answers 200 and the first one."""
    content = call.body["content"]
    if content not in REACTIONS:
        raise Refused(422, "Validation Failed", [review_rules.fault("content", "is invalid", resource="Reaction")])
    for each in given:
        if each.user is call.user and each.content == content:
            return Answer(200, render_talk.reaction(pull, each))
    given.append(Reaction(call.forge.new_id(), call.user, content, call.forge.clock.now()))
    return Answer(201, render_talk.reaction(pull, given[-1]))


def refused_reply(_call: Call) -> Answer:
    """Refuse what the description keeps from Apps; the way to reply is `in_reply_to` on a new comment."""
    raise Refused(403, "Resource not accessible by integration")


def react_to_pull_request(call: Call) -> Answer:
    """React to a pull request itself."""
    pull = call.pull_request
    return react(call, pull, pull.reactions)


def react_to_comment(call: Call) -> Answer:
    """React to a review comment."""
    pull, comment = found(call)
    return react(call, pull, comment.reactions)


def react_to_issue_comment(call: Call) -> Answer:
    """React to a comment of the conversation."""
    pull, comment = found_issue_comment(call)
    return react(call, pull, comment.reactions)


def list_comment_reactions(call: Call) -> Answer:
    """List the reactions to a review comment."""
    pull, comment = found(call)
    return Answer(200, [render_talk.reaction(pull, each) for each in comment.reactions], page="")


def list_issue_comment_reactions(call: Call) -> Answer:
    """List the reactions to a comment of the conversation."""
    pull, comment = found_issue_comment(call)
    return Answer(200, [render_talk.reaction(pull, each) for each in comment.reactions], page="")


READ, WRITE = "pull_requests:read", "pull_requests:write"
TALK_READ, TALK_WRITE = "issues:read|pull_requests:read", "issues:write|pull_requests:write"
ROUTES = {
    "pulls/list-review-comments": Route(list_comments, READ),
    "pulls/create-review-comment": Route(create_comment, WRITE),
    "pulls/create-reply-for-review-comment": Route(refused_reply, WRITE),
    "reactions/create-for-issue": Route(react_to_pull_request, TALK_WRITE),
    "pulls/get-review-comment": Route(get_comment, READ),
    "pulls/update-review-comment": Route(update_comment, WRITE),
    "pulls/delete-review-comment": Route(delete_comment, WRITE),
    "reactions/create-for-pull-request-review-comment": Route(react_to_comment, WRITE),
    "reactions/list-for-pull-request-review-comment": Route(list_comment_reactions, READ),
    "issues/list-comments": Route(list_issue_comments, TALK_READ),
    "issues/create-comment": Route(create_issue_comment, TALK_WRITE),
    "issues/get-comment": Route(get_issue_comment, TALK_READ),
    "issues/update-comment": Route(update_issue_comment, TALK_WRITE),
    "issues/delete-comment": Route(delete_issue_comment, TALK_WRITE),
    "reactions/create-for-issue-comment": Route(react_to_issue_comment, TALK_WRITE),
    "reactions/list-for-issue-comment": Route(list_issue_comment_reactions, TALK_READ),
}
