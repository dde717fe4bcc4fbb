"""docs/papers.md explains every id that stands in code, configuration, tests and pages."""

from sarslide.papers import papers
from tests.docs.texts import ID, NO_IDS, REPOSITORY, ROW, texts

PAGE = (REPOSITORY / "docs/papers.md").read_text()


def test_every_id_has_a_row():
    rows = set(ROW.findall(PAGE))
    used = {word: path for path, text in texts() for word in ID.findall(text)}
    unknown = {word: str(path) for word, path in used.items() if word not in rows | NO_IDS}
    assert not unknown
    assert len(used) > 100  # the search finds something


def test_every_paper_is_named():
    for key, paper in papers().items():
        assert f"| {key} | " in PAGE and f"https://doi.org/{paper.doi}" in PAGE
        assert not paper.licence or paper.licence in PAGE


def test_the_configuration_names_the_page():
    assert "docs/papers.md" in (REPOSITORY / "config.yaml").read_text().partition("region:")[0]
