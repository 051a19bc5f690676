"""What AI-video providers promise on the wire, as data, and judges for it."""

#: The providers there are contracts of.
PROVIDERS = ("runware", "gmi", "segmind", "heygen")
