"""Placeholder media: real files of the asked size and length, made fast and made once."""
