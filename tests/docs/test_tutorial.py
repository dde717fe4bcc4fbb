"""The tutorial runs as it stands, on a finished small demo, and shows what its commands print."""

import io
import re

import pytest
from PIL import Image
from studies.docs import animation, pictures, tutorial
from studies.docs.finished import Finished

from tests.docs.texts import REPOSITORY
from tests.support import small_demo
from tests.workflow.conftest import copied

PAGE = tutorial.PAGE.read_text()


@pytest.mark.slow
def test_the_tutorial_runs_as_it_stands(tmp_path_factory, tmp_path, monkeypatch):
    own = copied(small_demo.finished(tmp_path_factory)[0], tmp_path / "own")
    for name in ("PYTHONPATH", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, own.environment[name])
    made = tutorial.refreshed(PAGE, own.folder)
    assert tutorial.missing_outputs(PAGE, own.folder) == []
    assert words(made) == words(PAGE), "python -m studies.docs --small brings the page in step"


def words(page: str) -> list[str]:
    """The page without what differs between machines: last digits, and with them names of releases."""
    return re.sub(r"\d+\.\d+|-[0-9a-f]{8}\b", "#", page).split()


@pytest.mark.slow
def test_pictures_are_made_of_a_run(tmp_path_factory, tmp_path):
    region = Finished(small_demo.finished(tmp_path_factory)[0].folder, small_demo.REGION)
    first, again = (pictures.write_tutorial(region, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    held = {path.name for path in (REPOSITORY / "docs/images").glob("tutorial_*.png")}
    assert {path.name for path in first} == held - {"tutorial_changes.png"}  # which needs two releases
    chain = animation.chain(region, region.stacks[0])
    with Image.open(io.BytesIO(chain)) as moving:
        assert moving.n_frames == len(animation.panels(region, region.stacks[0])) * (1 + animation.FADES)


def test_its_pictures_are_there():
    pictures = re.findall(r"!\[[^]]+\]\((images/[^)]+)\)", PAGE)
    assert len(pictures) == 6
    assert all((REPOSITORY / "docs" / picture).is_file() for picture in pictures)


BLOCKS = """
```
echo one; echo two; echo three > made
```

<!-- printed from "tw" to "two" -->
```text
old
```

```python
print(open("made").read())
```

<!-- printed -->
```text
old
```

```text
not of a run
```
"""


def test_printed_blocks_are_filled(tmp_path):
    made = tutorial.refreshed(BLOCKS, tmp_path)
    assert made == BLOCKS.replace("old\n", "two\n", 1).replace("old\n", "three\n")


def test_a_block_that_fails_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="nothing_of_that_name"):
        tutorial.refreshed("```\nnothing_of_that_name\n```\n", tmp_path)


def test_a_file_that_is_missing_is_told(tmp_path):
    (tmp_path / "results/demo_small/a").mkdir(parents=True)
    page = "`results/demo_small/{release}` and `results/demo_small/{release}/b`"
    assert tutorial.missing_outputs(page, tmp_path) == ["results/demo_small/{release}/b"]
