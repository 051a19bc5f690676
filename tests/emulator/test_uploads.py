import pytest

from understudy.uploads import TooLarge, Uploads


async def test_the_oldest_files_make_room_and_nothing_is_left_behind():
    uploads = Uploads(max_bytes=10)
    first = await uploads.put("first", "image/png", b"12345")
    second = await uploads.put("second", "image/png", b"1234")
    assert first.path.read_bytes() == b"12345"
    third = await uploads.put("third", "audio/wav", b"123")
    assert uploads.get("first") is None
    assert not first.path.exists()
    assert (uploads.get("second"), uploads.get("third")) == (second, third)
    again = await uploads.put("third", "audio/wav", b"other")
    assert uploads.get("third").path.read_bytes() == b"other"
    folder = again.path.parent
    uploads.close()
    assert not folder.exists()
    assert uploads.get("third") is None


async def test_a_file_larger_than_all_room_is_refused_and_forgets_nothing():
    uploads = Uploads(max_bytes=3)
    kept = await uploads.put("kept", "image/png", b"123")
    with pytest.raises(TooLarge):
        await uploads.put("large", "image/png", b"1234")
    assert uploads.get("kept") == kept
    uploads.close()
