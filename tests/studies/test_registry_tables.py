"""The documentation repeats the registries word by word."""

import pytest
from studies import registry_tables


@pytest.mark.parametrize("page", registry_tables.pages(), ids=lambda page: page.name)
def test_a_page_is_in_step(page):
    text = page.read_text()
    assert registry_tables.filled(text) == text, "run python -m studies.registry_tables"


def test_every_table_is_on_a_page():
    marked = [
        found[2] for page in registry_tables.pages() for found in registry_tables.MARKED.finditer(page.read_text())
    ]
    assert sorted(marked) == sorted(registry_tables.TABLES)
