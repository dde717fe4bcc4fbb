"""Snakemake finds its logger plugins by the name of their package: this one is chosen by `--logger sarslide`."""

from sarslide.workflow.console import LogHandler

__all__ = ["LogHandler"]
