"""The files in `project` are run by a pytest of their own."""

collect_ignore = ["project"]
