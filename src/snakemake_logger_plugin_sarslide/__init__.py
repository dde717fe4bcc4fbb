"""Snakemake finds its logger plugins by the package's name: this one by `--logger sarslide`."""

from sarslide.workflow.console import LogHandler

__all__ = ["LogHandler"]
