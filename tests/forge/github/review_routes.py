"""Reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.forge.github import outdate, render_talk, review_rules
from tests.forge.github.answer import Answer, Call, Refused, Route
from tests.forge.github.model import Review, ReviewComment, Thread
from tests.forge.github.render_basics import node_id

if TYPE_CHECKING:
    from tests.forge.github.pulls import PullRequest
    from tests.forge.github.review_rules import Placed

STATES = {"COMMENT": "COMMENTED", "APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}


def list_reviews(call: Call) -> Answer:
    """List reviews; a pending one is seen by its author only."""
    pull = call.pull_request
    shown = [each for each in pull.reviews if each.state != "PENDING" or each.author is call.user]
    return Answer(200, [render_talk.review(pull, each) for each in shown], page="")


def create_review(call: Call) -> Answer:
    """Make a review with all its comments, or refuse all of it."""
    pull, body = call.pull_request, call.body or {}
    event, text = body.get("event"), body.get("body") or ""
    comments = body.get("comments") or []
    commit = review_rules.check_commit(pull, body.get("commit_id") or pull.head)
    if has_pending(call, pull):
        raise unprocessable("User can only have one pending review per pull request")
    check_event(call, pull, event, text, commented=bool(comments))
    if len(text) > call.forge.limits.body:
        raise unprocessable(f"Body is too long (maximum is {call.forge.limits.body} characters)")
    places = [placed(pull, commit, each) for each in comments]
    now = call.forge.clock.now()
    review = Review(
        call.forge.new_id(), call.user, text, STATES[event] if event else "PENDING", commit, now if event else None
    )
    for each, where in zip(comments, places, strict=True):
        review.comments.append(new_thread(call, pull, review, each["body"], where))
    pull.reviews.append(review)
    if event:
        announce(call, pull, review)
    return Answer(200, render_talk.review(pull, review))


def placed(pull: PullRequest, commit: str, wanted: dict[str, Any]) -> Placed:
    """Place one comment of a review; what is wrong is said in general words, without naming the comment."""
    limit = pull.project.forge.limits.body
    if "position" in wanted:
        raise unprocessable("Position is closing down; name a line")
    if not wanted["body"].strip():
        raise unprocessable("Body can't be blank")
    if len(wanted["body"]) > limit:
        raise unprocessable(f"Body is too long (maximum is {limit} characters)")
    try:
        return review_rules.place(pull, commit, wanted)
    except review_rules.Unplaceable as error:
        name = error.field.removeprefix("pull_request_review_thread.")
        known = {"path": "Path could not be resolved", "line": "Line could not be resolved"}
        raise unprocessable(
            known.get(name, f"Pull request review thread {name.replace('_', ' ')} {error.problem}")
        ) from error


def check_event(call: Call, pull: PullRequest, event: str | None, text: str, *, commented: bool) -> None:
    """Refuse reviews that say nothing, and judgements of one's own work."""
    if event == "COMMENT" and not text and not commented:
        raise unprocessable("Body can't be blank")
    if event == "REQUEST_CHANGES" and not text:
        raise unprocessable("Body can't be blank")
    if event in {"APPROVE", "REQUEST_CHANGES"} and pull.author is call.user:
        raise unprocessable(f"Can not {event.lower().replace('_', ' ')} on your own pull request")


def has_pending(call: Call, pull: PullRequest) -> bool:
    """Say whether somebody has a pending review, which blocks everything else they would say on lines."""
    return any(each.state == "PENDING" and each.author is call.user for each in pull.reviews)


def new_thread(call: Call, pull: PullRequest, review: Review, body: str, where: Placed) -> ReviewComment:
    """Begin a thread with a comment."""
    number, now = call.forge.new_id(), call.forge.clock.now()
    thread = Thread(node_id("PRRT", number))
    comment = ReviewComment(
        id=number,
        author=call.user,
        body=body,
        path=where.path,
        review=review,
        thread=thread,
        commit=review.commit,
        original_commit=review.commit,
        line=where.line,
        original_line=where.line,
        start_line=where.start_line,
        original_start_line=where.start_line,
        side=where.side,
        start_side=where.start_side,
        subject_type="file" if where.line is None else "line",
        diff_hunk=where.diff_hunk,
        position=where.position,
        original_position=where.position,
        created=now,
        updated=now,
    )
    thread.comments.append(comment)
    pull.threads.append(thread)
    if review.commit != pull.head:
        outdate.follow(pull)
    return comment


def announce(call: Call, pull: PullRequest, review: Review) -> None:
    """Send the webhooks of a review that was submitted: GitHub tells the App of its own words too."""
    call.forge.hooks.review("submitted", pull, review)
    for each in review.comments:
        call.forge.hooks.review_comment("created", pull, each)


def found(call: Call) -> Review:
    """Find the review named in the path."""
    number = call.number(call.path["review_id"])
    for each in call.pull_request.reviews:
        if each.id == number and (each.state != "PENDING" or each.author is call.user):
            return each
    raise Refused(404, "Not Found")


def get_review(call: Call) -> Answer:
    """Show one review."""
    return Answer(200, render_talk.review(call.pull_request, found(call)))


def update_review(call: Call) -> Answer:
    """Edit a review's body."""
    review, pull = found(call), call.pull_request
    own(call, review.author.login)
    text = call.body["body"]
    if not text.strip() or len(text) > call.forge.limits.body:
        raise unprocessable("Body can't be blank" if not text.strip() else "Body is too long")
    old, review.body = review.body, text
    if review.state != "PENDING":
        call.forge.hooks.review("edited", pull, review, old=old)
    return Answer(200, render_talk.review(pull, review))


def delete_pending_review(call: Call) -> Answer:
    """Delete a pending review with its comments; a submitted one stays for ever."""
    review, pull = found(call), call.pull_request
    if review.state != "PENDING":
        raise unprocessable("Can not delete a non-pending pull request review")
    pull.reviews.remove(review)
    pull.threads = [thread for thread in pull.threads if thread.comments[0].review is not review]
    return Answer(200, render_talk.review(pull, review))


def dismiss_review(call: Call) -> Answer:
    """Dismiss a review that judged; comments alone cannot be dismissed."""
    review, pull = found(call), call.pull_request
    if review.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise unprocessable("Can not dismiss a commented pull request review")
    review.state = "DISMISSED"
    call.forge.hooks.review("dismissed", pull, review)
    return Answer(200, render_talk.review(pull, review))


def submit_review(call: Call) -> Answer:
    """Submit a pending review."""
    review, pull = found(call), call.pull_request
    event, text = call.body["event"], call.body.get("body") or review.body
    if review.state != "PENDING":
        raise unprocessable("Can not submit a review that is not pending")
    check_event(call, pull, event, text, commented=bool(review.comments))
    review.body, review.state, review.submitted = text, STATES[event], call.forge.clock.now()
    announce(call, pull, review)
    return Answer(200, render_talk.review(pull, review))


def list_review_comments(call: Call) -> Answer:
    """List one review's comments."""
    review, pull = found(call), call.pull_request
    return Answer(200, [render_talk.review_comment(pull, each) for each in review.comments], page="")


def own(call: Call, login: str) -> None:
    """Refuse to change what somebody else wrote."""
    if login != call.user.login:
        raise Refused(403, "Resource not accessible by integration")


def unprocessable(error: str) -> Refused:
    """Refuse as the review endpoints do: one sentence, no culprit."""
    return Refused(422, "Unprocessable Entity", [error])


READ, WRITE = "pull_requests:read", "pull_requests:write"
ROUTES = {
    "pulls/list-reviews": Route(list_reviews, READ),
    "pulls/create-review": Route(create_review, WRITE),
    "pulls/get-review": Route(get_review, READ),
    "pulls/update-review": Route(update_review, WRITE),
    "pulls/delete-pending-review": Route(delete_pending_review, WRITE),
    "pulls/dismiss-review": Route(dismiss_review, WRITE),
    "pulls/submit-review": Route(submit_review, WRITE),
    "pulls/list-comments-for-review": Route(list_review_comments, READ),
}
