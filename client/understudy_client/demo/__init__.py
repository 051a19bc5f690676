"""What `understudy demo` performs once its server is up, one performance a provider.

Each is `perform(base_url, api_key, out, console) -> bool` and an entry point of the group `understudy.demos`.
"""

from .gmi import perform as perform_gmi
from .runware import perform
from .segmind import perform as perform_segmind

__all__ = ["perform", "perform_gmi", "perform_segmind"]
