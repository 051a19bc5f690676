"""What the values in a snapshot can be at all."""

import re

#: What a header can tell as the type of something.
TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:; ?[\w.+-]{1,100}=[\w.+-]{1,100})*", re.ASCII)

#: What the addresses of files begin with.
ORIGIN = re.compile(r"https?://[^\s\x00-\x20\"<>\\^`{|}\x7f]{1,2000}")

#: By how many seconds something may be ahead of time: floating point numbers are not exact.
HASTE = 1.0

#: The latest moment an account can be at: there is a day after it, and a job of a day.
LATEST = 253_402_300_799.0 - 2 * 86_400
