import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from understudy.media.labelled import described, labels_of
from understudy.media.wrapping import labels

TAGS = (("job", "0b6f"), ("model", "heygen:avatar@5"))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@given(title=st.text(max_size=40), value=st.text(max_size=40))
def test_what_a_picture_is_labelled_with_is_read_from_its_file(kind: str, title: str, value: str) -> None:
    written = dict(labels(title, (*TAGS, ("avatar", value))))
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind.upper(), **described(kind, written.items()))
    with Image.open(file) as image:
        assert labels_of(image) == written


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_without_labels_is_as_large_as_ever(kind: str) -> None:
    plain, labelled = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (8, 8)).save(plain, kind.upper())
    Image.new("RGB", (8, 8)).save(labelled, kind.upper(), **described(kind, ()))
    assert plain.getvalue() == labelled.getvalue()
    with Image.open(plain) as image:
        assert labels_of(image) == {}
