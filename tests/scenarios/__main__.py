"""Write every scenario's `review.md` anew: `python -m tests.scenarios`. Read what changed before it is committed."""

from tests.scenarios.golden import FOLDER, names, review

for name in names():
    (FOLDER / name / "review.md").write_text(review(name), "utf-8", newline="\n")
