"""That the server is there. Anybody may ask, from anywhere, for there is nothing else to be learnt from it."""

from understudy import __version__

HEALTH = {"status": "ok", "version": __version__}
