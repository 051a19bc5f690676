"""What a customer may do where a request is a model's name and its fields, and a file is uploaded by itself."""

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from stateful.rules import NUMBERS, Customer


def submitting(fixed: list[tuple[str, dict[str, Any]]], valid: st.SearchStrategy) -> type[Customer]:
    """A customer who submits these, some short ones as they are and any that are valid: a name and its fields each."""

    class Submitting(Customer):
        #: The statement that uploads the picture of a `{number}`, and calls where it is by a `{name}`.
        uploading: ClassVar[str]

        @initialize(asked=st.sampled_from(fixed))
        def begin_with_something_short(self, asked):
            self.submit(*asked)

        @rule(asked=st.sampled_from(fixed))
        def submit_something_short(self, asked):
            self.submit(*asked)

        @rule(asked=valid)
        def submit_something(self, asked):
            self.submit(*asked)

        @rule(number=st.integers(1, 3))
        def upload_a_file(self, number):
            name = self.world.name("file")
            self.script.run(self.uploading.format(name=name, number=number))
            self.world.uploads[name] = number

        @precondition(lambda self: self.world.uploads)
        @rule(number=NUMBERS)
        def fetch_a_file(self, number):
            name, content = list(self.world.uploads.items())[number % len(self.world.uploads)]
            self.script.run(
                f'path = client.download({name}, folder / "{name}.png")\nassert path.read_bytes() == picture({content})'
            )

    return Submitting
