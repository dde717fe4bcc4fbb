"""The configuration: typed, documented, closed; config.yaml and config.schema.json are made of it.

Order of precedence: defaults of the models < the region's preset < config.yaml < `--config` of the
command line. A preset is packaged, or a file `regions/<region>.yaml` of the working folder. Every
key states its meaning, unit, range and source; a key that no model knows is refused with one line.
"""

from sarslide.config.fields import Section
from sarslide.config.generate import config_schema, config_yaml
from sarslide.config.loading import REGIONS, existing, load, own_regions, presets, resolve
from sarslide.config.models import Config

__all__ = [
    "REGIONS",
    "Config",
    "Section",
    "config_schema",
    "config_yaml",
    "existing",
    "load",
    "own_regions",
    "presets",
    "resolve",
]
