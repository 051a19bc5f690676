"""What is heard beside a clip, decoded by ffmpeg out of the finished container."""

from __future__ import annotations

import array
import math
import subprocess
import wave
from collections.abc import Callable
from itertools import pairwise
from operator import sub
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media import adts, ogg
from understudy.media.codec import AVC, SAMPLE_RATE, VP9, Codec
from understudy.media.errors import MediaError, StudioClosed
from understudy.media.ffmpeg import Ffmpeg, executable
from understudy.media.melody import soundtrack_input, write_soundtrack
from understudy.media.notes import LONGEST, Notes
from understudy.media.shelf import Shelf
from understudy.media.soundtrack import NO_SOUND, Recording, Soundtrack, Word
from understudy.media.words import words

RATE = 48
SPEECH = (
    "Welcome to our new product line, which changes the way you think about placeholders for good. "
    "Nothing here is faked: every frame is real, and so is every word you read below. Come in!"
)
CODECS = pytest.mark.parametrize("codec", [AVC, VP9], ids=lambda codec: codec.name)
Listen = Callable[..., "array.array[int]"]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"), 1 << 30)


@pytest.fixture
def listen(shelf: Shelf, tmp_path: Path) -> Listen:
    """The samples of a soundtrack, packed beside nothing as a clip's is, from a moment in seconds on."""

    def heard(soundtrack: Soundtrack, frames: int, codec: Codec, since: float = 0) -> array.array[int]:
        row, file = tmp_path / "row", tmp_path / ("clip.webm" if codec is VP9 else "clip.mp4")
        write_soundtrack(soundtrack, frames, codec, row, shelf, Ffmpeg())
        pack = [*soundtrack_input(codec), "-i", str(row), "-c", "copy", str(file)]
        decode = ["-i", str(file), "-ss", str(since), "-f", "s16le", "-"]
        return array.array("h", [ffmpeg(*pack), ffmpeg(*decode)][1])

    return heard


def ffmpeg(*arguments: str) -> bytes:
    command = [executable(), "-y", "-loglevel", "error", *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr
    return done.stdout


def between(heard: array.array[int], start: float, end: float) -> array.array[int]:
    """The samples from one moment to another, in milliseconds."""
    return heard[round(start * RATE) : round(end * RATE)]


def level(samples: array.array[int]) -> float:
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def frequency(samples: array.array[int]) -> float:
    """Waves a second, by the moments at which the sound rises through zero."""
    rises = [i - low / (high - low) for i, (low, high) in enumerate(pairwise(samples)) if low < 0 <= high]
    return 1000 * RATE * (len(rises) - 1) / (rises[-1] - rises[0])


def spoken(seconds: float) -> tuple[Word, ...]:
    """A voice of 15 characters a second, silent for two seconds in the middle."""
    half = seconds / 2 - 1
    script = " ".join([SPEECH] * math.ceil(half / 12))[: round(half * 15)]
    return words([(0, half, script), (half + 2, seconds, script)])


@CODECS
def test_the_energy_of_the_sound_follows_the_words(listen: Listen, codec: Codec) -> None:
    said = spoken(14)
    heard = listen(Soundtrack(said), 14 * 25, codec)
    assert len(said) > 20
    assert min(level(between(heard, word.start_ms, word.end_ms)) for word in said) > 1000
    for word, following in pairwise(said):
        assert level(between(heard, word.end_ms, following.start_ms)) < 10


@CODECS
def test_it_is_exactly_silent_where_the_voice_is(listen: Listen, codec: Codec) -> None:
    said = spoken(14)
    heard = listen(Soundtrack(said), 14 * 25, codec)
    assert set(between(heard, 6100, 7900)) == {0}
    assert set(listen(NO_SOUND, 50, codec)) == set(listen(Soundtrack(said, volume=0), 50, codec)) == {0}


@CODECS
def test_words_are_still_in_time_after_ten_minutes(listen: Listen, codec: Codec) -> None:
    said = spoken(600)
    heard = listen(Soundtrack(said), 600 * 25, codec, since=590)
    late = [word for word in said if word.start_ms > 591_000]
    assert len(late) > 10
    for word in late:
        since = word.start_ms - 590_000
        loud = next(i for i, sample in enumerate(heard[(since - 30) * RATE :]) if abs(sample) > 200)
        # No earlier than said, and less than a packet and the softness of its beginning later.
        assert -1 < loud / RATE - 30 < 30


@CODECS
@pytest.mark.parametrize("pitch", [0, pytest.param(5.5, marks=pytest.mark.slow), 24])
def test_a_long_word_goes_on_without_a_seam(listen: Listen, codec: Codec, pitch: float) -> None:
    heard = listen(Soundtrack((Word(0, 6000),), pitch=pitch), 250, codec)
    period = 4 * codec.samples
    for at in range(6 * codec.samples, 5800 * RATE - period, codec.samples):
        block, later = heard[at : at + codec.samples], heard[at + period : at + period + codec.samples]
        assert max(abs(a - b) for a, b in zip(block, later, strict=True)) < 40
    assert set(between(heard, 6100, 9900)) == {0}


@CODECS
def test_each_word_has_another_note_than_the_one_before(listen: Listen, codec: Codec) -> None:
    heard = listen(Soundtrack(tuple(Word(at, at + 400) for at in range(0, 2500, 500))), 75, codec)
    notes = [frequency(between(heard, at + 100, at + 300)) for at in range(0, 2500, 500)]
    assert notes == pytest.approx([262, 330, 392, 330, 262], rel=0.03)


@CODECS
def test_a_word_of_any_length_is_heard_as_it_was_computed(listen: Listen, codec: Codec) -> None:
    size, grain = codec.samples, 1000 * codec.samples / SAMPLE_RATE
    notes = Notes.of(size, SAMPLE_RATE, 0, 1)
    computed = array.array("h", notes.samples())
    for length in (1, 2, 5, LONGEST):
        # Half a grain more than it has, at either side.
        heard = listen(Soundtrack((Word(int(9.5 * grain), int((10.5 + length) * grain)),)), 25, codec)
        for block in range(-1, length + 1):
            asked = (notes.place(0, length) + block) * size
            found = heard[(10 + block) * size : (11 + block) * size]
            assert level(array.array("h", map(sub, found, computed[asked : asked + size]))) < 60


@CODECS
def test_a_word_begins_and_ends_softly(listen: Listen, codec: Codec) -> None:
    for length in (30, 60, 250, 1000):
        heard = listen(Soundtrack((Word(500, 500 + length),)), 50, codec)
        assert max(map(abs, heard)) > 2000
        assert max(abs(a - b) for a, b in pairwise(heard)) < 300


@CODECS
@pytest.mark.parametrize(
    "pitch", [-24, -5, 7, *(pytest.param(slow, marks=pytest.mark.slow) for slow in (-12, 0.5, 12, 24))]
)
def test_the_pitch_is_heard_in_semitones(listen: Listen, codec: Codec, pitch: float) -> None:
    heard = listen(Soundtrack((Word(0, 900),), pitch=pitch), 25, codec)
    # Notes are kept to 6 Hz, which is what makes words short to encode.
    assert frequency(between(heard, 100, 800)) == pytest.approx(262 * 2 ** (pitch / 12), abs=7)


@CODECS
def test_the_volume_is_heard(listen: Listen, codec: Codec) -> None:
    levels = [
        level(between(listen(Soundtrack((Word(0, 900),), volume=volume), 25, codec), 100, 800))
        for volume in (0.1, 0.5, 1, 2)
    ]
    assert [one / levels[2] for one in levels] == pytest.approx([0.1, 0.5, 1, 2], rel=0.06)


def count_packets(path: Path, codec: Codec) -> int:
    content = path.read_bytes()
    return len(adts.frames(content)) if codec is AVC else len(ogg.packets(content)) - 2


MOMENTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), max_size=12)


@given(st.integers(1, 400), st.sampled_from([AVC, VP9]), MOMENTS)
def test_it_ends_with_the_picture_or_less_than_a_packet_before(
    shelf: Shelf, frames: int, codec: Codec, moments: list[tuple[int, int]]
) -> None:
    said, at = [], 0
    for pause, length in moments:
        said.append(Word(at + pause, at + pause + length))
        at += pause + length
    with shelf.scratch("property") as path:
        write_soundtrack(Soundtrack(tuple(said)), frames, codec, path, shelf, Ffmpeg())
        samples = count_packets(path, codec) * codec.samples
    assert 0 <= frames * 40 * RATE - samples < codec.samples


@CODECS
def test_ten_minutes_are_put_together_without_an_encoder(shelf: Shelf, tmp_path: Path, codec: Codec) -> None:
    write_soundtrack(Soundtrack(spoken(2)), 50, codec, tmp_path / "short", shelf, Ffmpeg())
    stopped = Ffmpeg()
    stopped.stop()
    write_soundtrack(Soundtrack(spoken(600)), 600 * 25, codec, tmp_path / "long", shelf, stopped)
    assert count_packets(tmp_path / "long", codec) == 600_000 * RATE // codec.samples


@CODECS
def test_the_same_soundtrack_is_the_same_bytes_from_another_shelf(tmp_path: Path, codec: Codec) -> None:
    contents = set()
    for name in ("one", "other"):
        other = Shelf(tmp_path / name, 1 << 30)
        recording = Recording(1500, 2500, sine(other, 440, 3))
        soundtrack = Soundtrack(spoken(4), (recording,), pitch=2, volume=1.5)
        for path in (tmp_path / "cold", tmp_path / "warm"):
            write_soundtrack(soundtrack, 100, codec, path, other, Ffmpeg())
            contents.add(path.read_bytes())
    assert len(contents) == 1


@CODECS
@pytest.mark.parametrize("spoilt", [b"no packet at all", b""])
def test_notes_spoilt_by_a_crash_of_the_machine_are_made_again(tmp_path: Path, codec: Codec, spoilt: bytes) -> None:
    shelf = Shelf(tmp_path / "shelf", 1 << 30)
    path = tmp_path / "row"
    write_soundtrack(Soundtrack(spoken(4)), 100, codec, path, shelf, Ffmpeg())
    whole = path.read_bytes()
    piece = next(shelf.root.glob("*.grains"))
    content = piece.read_bytes()
    for broken in (spoilt, content[: len(content) // 2], content[:-3]):
        piece.write_bytes(broken)
        write_soundtrack(Soundtrack(spoken(4)), 100, codec, path, shelf, Ffmpeg())
        assert path.read_bytes() == whole


def sine(shelf: Shelf, frequency: float, seconds: float) -> str:
    """A caller's recording on the shelf, and its name."""
    name = f"sine-{frequency:g}-{seconds:g}"
    with wave.open(str(shelf.root / name), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(22_050)
        height = (round(9000 * math.sin(math.tau * frequency * i / 22_050)) for i in range(round(22_050 * seconds)))
        file.writeframes(array.array("h", (value for sample in height for value in (sample, sample))).tobytes())
    return name


@CODECS
def test_a_recording_is_heard_in_its_place_and_cut_at_its_end(listen: Listen, shelf: Shelf, codec: Codec) -> None:
    recording = Recording(1000, 2600, sine(shelf, 1000, 3))
    heard = listen(Soundtrack((Word(200, 800), Word(3000, 3500)), (recording,)), 100, codec)
    assert frequency(between(heard, 1100, 2500)) == pytest.approx(1000, rel=0.005)
    assert level(between(heard, 1030, 2560)) == pytest.approx(9000 / math.sqrt(2), rel=0.1)
    assert level(between(heard, 850, 960)) < 10
    assert level(between(heard, 2640, 2960)) < 10
    assert level(between(heard, 300, 700)) > 1000
    assert level(between(heard, 3100, 3400)) > 1000


@pytest.mark.parametrize(
    "kind", ["mp3", "ipod", "webm", *(pytest.param(slow, marks=pytest.mark.slow) for slow in ("flac", "aiff", "adts"))]
)
def test_a_recording_may_be_of_any_usual_format(listen: Listen, shelf: Shelf, kind: str) -> None:
    made = shelf.root / f"{kind}.recording"
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=600:duration=1:sample_rate=44100", "-f", kind, str(made))
    heard = listen(Soundtrack(recordings=(Recording(500, 1500, made.name),)), 50, AVC)
    assert frequency(between(heard, 600, 1400)) == pytest.approx(600, rel=0.005)


@CODECS
def test_after_a_recording_shorter_than_its_place_it_is_silent(listen: Listen, shelf: Shelf, codec: Codec) -> None:
    heard = listen(Soundtrack(recordings=(Recording(0, 3000, sine(shelf, 700, 1)),)), 75, codec)
    assert frequency(between(heard, 100, 900)) == pytest.approx(700, rel=0.005)
    assert level(between(heard, 1100, 2900)) < 5


@CODECS
def test_recordings_may_follow_one_another_and_run_to_the_end(listen: Listen, shelf: Shelf, codec: Codec) -> None:
    first, second = Recording(0, 1000, sine(shelf, 500, 2)), Recording(1000, 9000, sine(shelf, 800, 2.5))
    heard = listen(Soundtrack(recordings=(first, second)), 75, codec)
    assert frequency(between(heard, 100, 900)) == pytest.approx(500, rel=0.005)
    assert frequency(between(heard, 1100, 2900)) == pytest.approx(800, rel=0.005)


@CODECS
def test_recordings_one_after_another_do_not_get_later_and_later(listen: Listen, shelf: Shelf, codec: Codec) -> None:
    names = [sine(shelf, 900, 0.3), sine(shelf, 600, 0.3)]
    recordings = tuple(Recording(at, at + 250, names[at // 250 % 2]) for at in range(0, 5000, 250))
    heard = listen(Soundtrack((Word(5000, 5300),), recordings), 150, codec)
    for number, recording in enumerate(recordings):
        part = between(heard, recording.start_ms + 60, recording.end_ms - 40)
        assert frequency(part) == pytest.approx((900, 600)[number % 2], rel=0.02)
    assert level(between(heard, 5060, 5260)) == pytest.approx(2600, rel=0.15)


def test_a_recording_waits_for_the_one_before_and_silences_words(listen: Listen, shelf: Shelf) -> None:
    first, second = Recording(0, 1000, sine(shelf, 500, 2)), Recording(500, 2000, "gone")
    heard = listen(Soundtrack((Word(100, 300), Word(1900, 2100), Word(2200, 2800)), (second, first)), 75, AVC)
    assert frequency(between(heard, 100, 900)) == pytest.approx(500, rel=0.005)
    assert frequency(between(heard, 1150, 1350)) == pytest.approx(262, rel=0.03)
    assert level(between(heard, 2050, 2150)) < 10
    assert level(between(heard, 2300, 2700)) > 1000


@pytest.mark.parametrize("name", ["gone", "noise", "playlist", "hls", "picture"])
def test_a_recording_that_is_none_is_heard_as_words(listen: Listen, shelf: Shelf, name: str) -> None:
    if name == "noise":
        (shelf.root / name).write_bytes(b"this is no recording " * 400)
    real = shelf.root / sine(shelf, 2000, 5)
    if name == "playlist":
        (shelf.root / name).write_text(f"ffconcat version 1.0\nfile {real.name}\n")
    if name == "hls":
        lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:5", "#EXTINF:5,", f"file:{real}", "#EXT-X-ENDLIST")
        (shelf.root / name).write_text("\n".join(lines))
    if name == "picture":
        ffmpeg("-f", "lavfi", "-i", "color=s=64x64:d=1", "-f", "matroska", str(shelf.root / name))
    heard = listen(Soundtrack(recordings=(Recording(1000, 2500, name),)), 100, AVC)
    assert level(between(heard, 1030, 1370)) > 1000
    assert frequency(between(heard, 1100, 1300)) == pytest.approx(262, rel=0.03)
    assert level(between(heard, 1430, 1490)) < 10
    assert level(between(heard, 0, 950)) == level(between(heard, 2600, 3900)) == 0


def test_a_studio_that_closes_makes_no_stand_in(shelf: Shelf, tmp_path: Path) -> None:
    stopped = Ffmpeg()
    stopped.stop()
    soundtrack = Soundtrack(recordings=(Recording(0, 1234, sine(shelf, 321, 1)),))
    with pytest.raises(StudioClosed):
        write_soundtrack(soundtrack, 50, AVC, tmp_path / "row", shelf, stopped)


@given(st.lists(st.binary(max_size=1275), min_size=1, max_size=120))
def test_what_is_written_as_ogg_is_read_again(found: list[bytes]) -> None:
    head = [b"OpusHead", b"OpusTags"]
    stream = b"".join(ogg.pages(head, found, len(found), 960))
    assert ogg.packets(stream) == head + found
    for broken in (stream[:-1], stream[3:], b""):
        with pytest.raises(MediaError):
            ogg.packets(broken)
