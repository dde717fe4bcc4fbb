"""The reference has every error, every key and every command; no code stands for two errors."""

from collections import Counter

import typer

from sarslide import cli, errors
from sarslide.config import Config
from sarslide.config.fields import Section


def test_every_error_code_is_documented(repository):
    text = (repository / "docs/reference/errors.md").read_text()
    todo, codes = [errors.SarslideError], Counter()
    while todo:
        for child in todo.pop().__subclasses__():
            todo.append(child)
            codes[child.code] += 1
            assert f"| E{child.code} | `{child.__name__}` |" in text
    assert set(codes.values()) == {1}


def test_every_key_is_in_the_reference(repository):
    text = (repository / "docs/reference/configuration.md").read_text()
    for name, field in Config.model_fields.items():
        leaves = type(field.default).model_fields if isinstance(field.default, Section) else {}
        for key in [f"{name}.{leaf}" for leaf in leaves] or [name]:
            assert f"#### `{key}`\n" in text


def test_every_command_is_in_the_reference(repository):
    text = (repository / "docs/reference/command.md").read_text()
    commands = typer.main.get_command(cli.app).commands
    assert len(commands) > 10 and all(f"## `sarslide {name}`\n" in text for name in commands)
