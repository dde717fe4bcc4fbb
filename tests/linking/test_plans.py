"""What a run with linked dates makes again."""

from pathlib import Path

import pytest

from tests.support.plans import plan

KEYS = {"region": "valley", "stacks": ["A128"], "interferogram": {"linking": "emi", "ministack": 3}}


def test_a_new_date_makes_its_own_mini_stack_and_pairs_and_no_earlier_file_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, after = (plan(tmp_path, KEYS | {"simulation": {"dates": count}}) for count in (7, 8))
    held = {
        name: job for name, job in before.jobs.items() if job.rule in ("geocode_slc", "link_dates", "interferogram")
    }
    again = [name for name, job in held.items() if after.jobs[name].reruns != job.reruns]
    linked = sorted(name for name, job in held.items() if job.rule == "link_dates")
    assert len(linked) == 3 and [name for name in again if "/linked/" in name] == linked[-1:]
    assert all(after.jobs[name].rule == "link_dates" for name in again)
    # The open mini-stack holds the seventh date: its two pairs read its phases, which are new.
    phases = f"linked/{Path(linked[-1]).name[:8]}.linked_rad.tif"
    readers = [job for job in held.values() if any(phases in text for text in job.reruns)]
    assert [job.rule for job in readers] == ["interferogram"] * 2


@pytest.mark.parametrize(("engine", "linking"), [("isce2", "emi"), ("snap", "evd")])
def test_other_engines_refuse_the_key(engine, linking):
    from sarslide.config import load
    from sarslide.errors import ConfigError

    with pytest.raises(ConfigError, match="interferogram.linking = .* has no effect: it needs engine = native"):
        load({"region": "valley", "engine": engine, "interferogram": {"linking": linking}})
