"""The commands of `understudy`, one module each, imported only when they are called."""

#: The providers that have a catalogue of errors and switches to list.
LISTED = ("runware", "gmi", "segmind")
