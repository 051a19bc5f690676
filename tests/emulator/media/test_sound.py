"""Real sounds, decoded by ffmpeg: how long they are, and when they sound."""

import array
import subprocess
import wave
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.media.ffmpeg import executable
from understudy.media.inspect import inspect
from understudy.media.sound import SAMPLE_RATES, Sound
from understudy.media.sources import duration
from understudy.media.studio import Studio
from understudy.media.tone import write_wav

SOUND = Sound(2500, "mp3", title="Speech 2.8")


def decoded(path: Path) -> tuple[int, ...]:
    command = [executable(), "-loglevel", "error", "-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return tuple(array.array("h", subprocess.run(command, capture_output=True, check=True).stdout))


def loudest(heard: tuple[int, ...], start: int, end: int) -> int:
    """The largest sample between two moments in milliseconds."""
    return max(map(abs, heard[start * 16 : end * 16]))


def frequency(heard: tuple[int, ...], start: int, end: int) -> float:
    """Waves a second between two moments in milliseconds, by where the sound rises through zero."""
    samples = heard[start * 16 : end * 16]
    rises = [i - low / (high - low) for i, (low, high) in enumerate(pairwise(samples)) if low < 0 <= high]
    return 16_000 * (len(rises) - 1) / (rises[-1] - rises[0])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
async def test_an_mp3_has_the_asked_length_within_a_frame(studio: Studio, sample_rate: int, channels: int) -> None:
    sound = replace(SOUND, sample_rate=sample_rate, channels=channels)
    info = inspect(await studio.file(sound))
    assert (info.container, info.audio_codec) == ("mp3", "mp3")
    assert (info.sample_rate, info.channels) == (sample_rate, channels)
    assert abs(info.duration - 2.5) <= sound.grain / sample_rate
    assert (info.width, info.height, info.frames, info.video_codec) == (None, None, None, None)


@pytest.mark.parametrize("milliseconds", [53, 1000, 17_777, 60_000])
async def test_any_length_is_kept_and_a_player_is_told_it(studio: Studio, milliseconds: int) -> None:
    path = await studio.file(Sound(milliseconds))
    assert abs(inspect(path).duration * 1000 - milliseconds) <= 27
    heard = len(decoded(path)) / 16
    assert abs(heard - milliseconds) <= 40


async def test_the_shortest_mp3_can_be_played(studio: Studio) -> None:
    assert inspect(await studio.file(Sound(1))).duration == pytest.approx(0.05, abs=0.01)


@settings(max_examples=25)
@given(
    milliseconds=st.integers(1, 5000),
    sample_rate=st.sampled_from(SAMPLE_RATES),
    channels=st.integers(1, 2),
    words=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), max_size=4),
)
def test_a_wav_has_exactly_the_samples_of_its_length(
    tmp_path_factory: pytest.TempPathFactory,
    milliseconds: int,
    sample_rate: int,
    channels: int,
    words: list[tuple[int, int]],
) -> None:
    spoken = tuple((start, start + length) for start, length in words)
    path = tmp_path_factory.mktemp("wav") / "sound.wav"
    write_wav(Sound(milliseconds, "wav", "odd", spoken, sample_rate, channels), path)
    with wave.open(str(path)) as file:
        assert file.getnframes() == max(1, round(milliseconds * sample_rate / 1000))
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (sample_rate, channels, 2)


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_something_is_heard_and_nothing_is_loud(studio: Studio, name: str) -> None:
    heard = decoded(await studio.file(replace(SOUND, format=name)))
    assert 2000 < max(map(abs, heard)) < 8000


@pytest.mark.parametrize("name", ["mp3", "wav"])
@pytest.mark.parametrize("sample_rate", [44_100, 22_050])
async def test_it_sounds_where_a_word_is_said_and_is_silent_elsewhere(
    studio: Studio, name: str, sample_rate: int
) -> None:
    sound = Sound(3000, name, words=((500, 1000), (1700, 2400)), sample_rate=sample_rate)
    heard = decoded(await studio.file(sound))
    for start, end in ((560, 940), (1760, 2340)):
        assert loudest(heard, start, end) > 2000
    for start, end in ((0, 440), (1060, 1640), (2460, 2900)):
        assert loudest(heard, start, end) < 100


async def test_the_tone_goes_on_after_its_seam(studio: Studio) -> None:
    heard = decoded(await studio.file(Sound(9000, words=((0, 9000),))))
    steps = [abs(b - a) for a, b in pairwise(heard[4000:-4000])]
    assert max(steps) < 1000
    assert all(loudest(heard, second * 1000 + 100, second * 1000 + 200) > 2000 for second in range(8))


@pytest.mark.parametrize("name", ["mp3", "wav"])
@pytest.mark.parametrize(
    "sample_rate",
    [rate if rate in (16_000, 44_100) else pytest.param(rate, marks=pytest.mark.slow) for rate in SAMPLE_RATES],
)
async def test_each_word_sounds_within_its_moments_at_any_rate(studio: Studio, name: str, sample_rate: int) -> None:
    words = tuple((at, at + 400) for at in range(0, 6000, 500))
    sound = Sound(6000, name, words=words, sample_rate=sample_rate, channels=2)
    heard = decoded(await studio.file(sound))
    grain = 1000 * sound.grain / sample_rate
    for start, end in words:
        # An MP3 has nothing to begin with in its first frame.
        assert loudest(heard, round(start + (2 if start == 0 else 1) * grain), round(end - grain)) > 2000
        assert loudest(heard, end + 5, start + 495) < 100


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_each_word_has_another_note_higher_as_the_pitch_is(studio: Studio, name: str) -> None:
    words = tuple((at, at + 400) for at in range(0, 2500, 500))
    for pitch in (-12, 0, 7):
        heard = decoded(await studio.file(Sound(2500, name, words=words, sample_rate=44_100, pitch=pitch)))
        notes = [frequency(heard, at + 100, at + 300) for at in range(0, 2500, 500)]
        assert notes == pytest.approx([note * 2 ** (pitch / 12) for note in (262, 330, 392, 330, 262)], abs=8)


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_the_volume_of_a_sound_is_heard(studio: Studio, name: str) -> None:
    peaks = [max(map(abs, decoded(await studio.file(Sound(2000, name, volume=volume))))) for volume in (0, 0.5, 1, 2)]
    assert peaks[0] == 0
    assert [peak / peaks[2] for peak in peaks[1:]] == pytest.approx([0.5, 1, 2], rel=0.1)


async def test_without_words_there_is_a_note_a_second(studio: Studio) -> None:
    heard = decoded(await studio.file(Sound(3500, "wav")))
    for second in range(3):
        assert loudest(heard, second * 1000 + 100, second * 1000 + 800) > 2000
        assert loudest(heard, second * 1000 + 900, second * 1000 + 1000) == 0


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_the_tags_are_in_the_file(studio: Studio, name: str) -> None:
    sound = Sound(1000, name, "Señora", tags=(("job", "8f3e"), ("model", "a:b@1")))
    tags = dict(inspect(await studio.file(sound)).tags)
    assert tags.pop("title") == "Señora"
    told = {"understudy_job": "8f3e", "understudy_model": "a:b@1"}
    assert tags == (told if name == "mp3" else {"comment": "; ".join(f"{key}={value}" for key, value in told.items())})
    assert inspect(await studio.file(sound)).duration == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_the_title_is_in_the_file(studio: Studio, name: str) -> None:
    assert inspect(await studio.file(replace(SOUND, format=name, title="Señora = \n A"))).title == "Señora = A"
    assert inspect(await studio.file(replace(SOUND, format=name, title=""))).title is None


@pytest.mark.parametrize("title", ["\ud800", "\0", "-i", "x" * 5000])
async def test_any_title_whatever_can_be_written(studio: Studio, title: str) -> None:
    for name in ("mp3", "wav"):
        assert abs(inspect(await studio.file(replace(SOUND, format=name, title=title))).duration - 2.5) < 0.03


@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_the_project_itself_reads_the_length_it_wrote(studio: Studio, name: str) -> None:
    assert duration((await studio.file(replace(SOUND, format=name))).read_bytes()) == pytest.approx(2.5, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mp3", "wav"])
async def test_half_an_hour_is_put_together_and_not_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    studio = Studio(tmp_path)
    await studio.file(Sound(1000, name))
    from understudy.media import tone

    def forbidden(*_: object) -> None:
        raise AssertionError("a tone was encoded")

    monkeypatch.setattr(tone, "samples", forbidden if name == "mp3" else tone.samples)
    info = inspect(await studio.file(Sound(1_800_000, name, sample_rate=44_100)))
    assert info.duration == pytest.approx(1800, abs=0.03)
    await studio.close()


async def test_the_same_sound_is_the_same_bytes_in_another_studio(tmp_path: Path) -> None:
    contents = set()
    for name in ("one", "other"):
        studio = Studio(tmp_path / name)
        contents.add((await studio.file(SOUND)).read_bytes())
        contents.add((await studio.file(replace(SOUND, format="wav"))).read_bytes())
        await studio.close()
    assert len(contents) == 2


@pytest.mark.parametrize("spoilt", [b"no frame at all", b"\xff\xfb"])
async def test_a_tone_spoilt_by_a_crash_of_the_machine_is_made_again(tmp_path: Path, spoilt: bytes) -> None:
    studio = Studio(tmp_path)
    (await studio.file(SOUND)).unlink()
    piece = next(tmp_path.glob("*.grains"))
    whole = piece.read_bytes()
    for broken in (spoilt, whole[: len(whole) // 3]):
        piece.write_bytes(broken)
        path = await studio.file(SOUND)
        assert inspect(path).duration == pytest.approx(2.5, abs=0.03)
        path.unlink()
    await studio.close()


async def test_a_kind_without_a_recipe_is_refused_by_its_name(tmp_path: Path) -> None:
    class Hologram:
        key, content_type, suffix = "hologram", "model/any", ".holo"

    studio = Studio(tmp_path)
    with pytest.raises(TypeError, match="Hologram"):
        await studio.file(Hologram())
    await studio.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("milliseconds", 0),
        ("format", "ogg"),
        ("sample_rate", 8000),
        ("channels", 3),
        ("pitch", 25),
        ("volume", -0.1),
        ("words", ((5, 1),)),
        ("words", ((-1, 1),)),
    ],
)
def test_a_field_out_of_its_range_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        replace(SOUND, **{field: value})  # type: ignore[arg-type]


def test_sounds_have_their_content_type_and_suffix() -> None:
    assert (SOUND.content_type, SOUND.suffix) == ("audio/mpeg", ".mp3")
    assert (Sound(1, "wav").content_type, Sound(1, "wav").suffix) == ("audio/wav", ".wav")
