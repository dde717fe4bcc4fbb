"""The documents are in step with the code."""

from sarslide import errors


def test_every_error_code_is_documented(repository):
    text = (repository / "docs/reference/errors.md").read_text()
    todo = [errors.SarslideError]
    while todo:
        for child in todo.pop().__subclasses__():
            todo.append(child)
            assert f"| E{child.code} | `{child.__name__}` |" in text
