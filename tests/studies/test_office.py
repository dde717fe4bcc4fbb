"""The study of reviews: every action is kept, and its checks fail on a release without decisions."""

from studies.office import review

from sarslide.inventory import records
from sarslide.inventory.review import ACTIONS


def test_every_action_is_kept_by_releases_of_new_dates():
    rows = list(review.rows())
    assert len(rows) == len(ACTIONS) + 1 and all(row["met"] for row in rows)


def test_no_check_holds_where_nothing_was_decided(tmp_path):
    objects = review.publish(tmp_path, 0)
    records.unprotect(tmp_path / "results" / review.REGION / "inventory" / "releases")
    assert set(review.CHECKS) == set(ACTIONS)
    holds = {action for action, check in review.CHECKS.items() if check(objects)}
    assert not holds
