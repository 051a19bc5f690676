"""Filling the messages of an error catalogue."""


class Words(dict[str, object]):
    """What a message is filled with; a field nobody fills is left out rather than failing an error answer."""

    def __missing__(self, key: str) -> str:
        return ""
