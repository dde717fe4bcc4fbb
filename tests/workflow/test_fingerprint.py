"""A comment, a docstring or layout does not change a fingerprint; a changed line does, where it is reached."""

import pytest

from sarslide.workflow import fingerprint as fp

SOURCE = '''
"""Docstring."""
import numpy as np


def rate(x):
    """Mean rate."""
    # a comment
    return np.mean(x) * 2
'''


@pytest.mark.parametrize(
    "edited",
    [
        SOURCE.replace("# a comment", "# another comment, longer"),
        SOURCE.replace('"""Mean rate."""', '"""Average rate, mm/yr."""'),
        SOURCE.replace("    return", "\n\n    return"),
    ],
)
def test_cosmetic_edits_keep_the_tokens(edited):
    assert fp.significant_tokens(edited) == fp.significant_tokens(SOURCE)


@pytest.mark.parametrize("edited", [SOURCE.replace("* 2", "* 3"), SOURCE.replace("np.mean", "np.sum")])
def test_real_edits_change_the_tokens(edited):
    assert fp.significant_tokens(edited) != fp.significant_tokens(SOURCE)


def test_a_string_that_is_no_docstring_counts():
    assert fp.significant_tokens('x = "a"') != fp.significant_tokens('x = "b"')


def test_imports_inside_functions_are_reached(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("def main():\n    from sarslide.catalog.local import update\n    return update\n")
    reached = fp.reached_modules(script)
    assert {"sarslide.catalog.local", "sarslide.catalog.scenes", "sarslide.names"} <= reached


def test_shared_formats_count_by_version_only(repository):
    assert fp._module_state("sarslide.errors") == "1"
    assert len(fp._module_state("sarslide.catalog.scenes")) == 64


@pytest.mark.parametrize(
    "module", ["errors", "names", "layers", "workflow.job", "io.raster", "io.vector", "io.sidecar"]
)
def test_a_format_module_has_a_version(module):
    assert fp._module_state(f"sarslide.{module}") == "1"


def test_a_string_statement_in_a_body_does_not_count():
    edited = SOURCE.replace("    # a comment", '    "a string that is a statement of its own"')
    assert fp.significant_tokens(edited) == fp.significant_tokens(SOURCE)


@pytest.mark.parametrize("line", ["x = 'a' + y", "print('a')", "return 'a'", "'a'.join(y)", "'a' 'b'.strip()"])
def test_strings_of_expressions_count(line):
    assert "'a'" in fp.significant_tokens(f"def f(y):\n    {line}\n")


def test_imports_for_type_checkers_bring_no_code(tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from sarslide.catalog.local import update\n\n"
        "from sarslide import (\n    errors,\n    names,\n)\n"
    )
    assert fp.reached_modules(script) == {"sarslide.errors", "sarslide.names"}
