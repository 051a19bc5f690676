"""What can be wrong with what somebody asks to go wrong."""


class UnknownFault(Exception):
    """A request asks for a fault that there is not; `str()` says which come close."""


class BadRule(ValueError):
    """A rule cannot be what was written; `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
