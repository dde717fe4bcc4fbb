"""The notebooks run on a finished small demo; in the repository they have no outputs; each has its page."""

import nbformat
import pytest
from studies.docs import notebooks

from tests.support import small_demo
from tests.workflow.conftest import copied

NOTEBOOKS = pytest.mark.parametrize("path", notebooks.notebooks(), ids=lambda path: path.stem)


def test_there_are_two():
    assert [path.stem for path in notebooks.notebooks()] == ["first_look", "labels_to_network"]


@NOTEBOOKS
def test_a_notebook_has_no_outputs_and_its_page_its_cells(path):
    content = nbformat.read(path, as_version=4)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count]
    page = path.with_suffix(".md").read_text()
    missing = [cell.source for cell in content.cells if cell.source.partition("\n")[2].strip() not in page]
    assert not missing, "python -m studies.docs --small makes the page anew"


@pytest.mark.full
@NOTEBOOKS
def test_a_notebook_runs(path, tmp_path_factory, tmp_path, monkeypatch):
    own = copied(small_demo.finished(tmp_path_factory)[0], tmp_path / "own")
    for name in ("PYTHONPATH", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, own.environment[name])
    monkeypatch.setenv("PATH", own.environment["PATH"])  # which `executed` changes
    page = notebooks.page(notebooks.executed(path, own.folder), path.stem, tmp_path)
    assert page.count("](../images/") == len(list(tmp_path.glob("*.png"))) > 0


def test_cells_and_outputs_become_a_page(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_code_cell(
            "%%bash\nsarslide summary", outputs=[printed("one\n"), printed("progress\n", "stderr")]
        ),
        nbformat.v4.new_code_cell("1 + 1", outputs=[returned("2")]),
    ]
    page = notebooks.page(nbformat.v4.new_notebook(cells=cells), "name", tmp_path)
    assert "# Title\n\nThis page is a notebook: [name.ipynb](name.ipynb)." in page
    assert "```sh\nsarslide summary\n```\n\n```text\none\n```" in page and "progress" not in page
    assert page.endswith("```python\n1 + 1\n```\n\n```text\n2\n```\n")


def printed(text: str, stream: str = "stdout"):
    return nbformat.v4.new_output("stream", name=stream, text=text)


def returned(text: str):
    return nbformat.v4.new_output("execute_result", data={"text/plain": text})
