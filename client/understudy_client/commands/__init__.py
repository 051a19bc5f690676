"""`understudy generate`: make a video from the command line, against any base URL, the real one included.

A provider is a module here and a line below.
"""

from __future__ import annotations

import click

from .gmi import gmi
from .runware import runware
from .segmind import segmind


@click.group()
def generate() -> None:
    """Make a video with a provider, or with the stand-in for one."""


for _command in (runware, gmi, segmind):
    generate.add_command(_command)
