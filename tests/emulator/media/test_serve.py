from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from understudy.media.clip import Clip
from understudy.media.serve import preflight, respond
from understudy.media.still import Poster
from understudy.media.studio import Studio

CLIP = Clip(96, 64, 500, title="served")
TAG = f'"{CLIP.key}"'
FILE = "/film.mp4"


def app(studio: Studio) -> Starlette:
    async def film(request: Request) -> Response:
        return await respond(request, studio, CLIP, request.path_params["name"])

    async def options(_: Request) -> Response:
        return preflight()

    return Starlette(routes=[Route("/{name}", film), Route("/{name}", options, methods=["OPTIONS"])])


@pytest.fixture
async def client(studio: Studio) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(studio)), base_url="http://here") as client:
        yield client


@pytest.fixture
async def content(studio: Studio) -> bytes:
    return (await studio.file(CLIP)).read_bytes()


async def test_a_get_gives_the_whole_file_to_any_page(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.get(FILE)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == 'inline; filename="film.mp4"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"] == TAG
    assert "last-modified" not in answer.headers


async def test_a_head_says_the_same_and_sends_nothing(client: httpx.AsyncClient) -> None:
    head, get = await client.head(FILE), await client.get(FILE)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("0-9", 0, 9), ("10-", 10, -1), ("-5", -5, -1), ("9-999999999", 9, -1)]
)
async def test_a_range_gives_that_part(
    client: httpx.AsyncClient, content: bytes, asked: str, first: int, last: int
) -> None:
    size = len(content)
    first, last = first % size, last % size
    answer = await client.get(FILE, headers={"range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, content[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["etag"] == TAG


async def test_several_ranges_come_as_parts(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.get(FILE, headers={"range": "bytes=0-3,10-12,99999999-"})
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    parts = answer.content.split(f"--{boundary}".encode())
    assert (answer.status_code, kind) == (206, "multipart/byteranges")
    assert int(answer.headers["content-length"]) == len(answer.content)
    bodies = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:-1]]
    assert bodies == [content[0:4], content[10:13]]


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=99999999-"])
async def test_a_head_knows_no_ranges(client: httpx.AsyncClient, content: bytes, asked: str) -> None:
    answer = await client.head(FILE, headers={"range": asked})
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(content)))
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "status"), [(TAG, 200), ("*", 200), (f'"a", {TAG}', 200), ('"a"', 412), (f"W/{TAG}", 412)]
)
async def test_who_wants_another_file_than_this_gets_none(client: httpx.AsyncClient, wanted: str, status: int) -> None:
    answer = await client.get(FILE, headers={"if-match": wanted, "range": "bytes=0-"})
    assert answer.status_code == (206 if status == 200 else status)
    assert answer.headers["etag"] == TAG
    both = await client.get(FILE, headers={"if-match": wanted, "if-none-match": TAG})
    assert both.status_code == (304 if status == 200 else status)


async def test_a_list_of_tags_may_come_in_several_lines(client: httpx.AsyncClient) -> None:
    answer = await client.get(FILE, headers=[("if-none-match", '"other"'), ("if-none-match", TAG)])
    assert answer.status_code == 304


_OFFSETS = st.one_of(st.integers(0, 40), st.integers(0, 6000), st.just(10**25))
_SPECS = st.one_of(
    st.tuples(_OFFSETS, st.none() | _OFFSETS).map(lambda pair: (pair[0], pair[1])),
    _OFFSETS.map(lambda length: (None, length)),
)


@given(st.lists(_SPECS, min_size=1, max_size=5))
async def test_any_ranges_give_exactly_the_bytes_that_the_standard_says(
    studio: Studio, specs: list[tuple[int | None, int | None]]
) -> None:
    content = (await studio.file(CLIP)).read_bytes()
    size = len(content)
    asked = ",".join(f"{'' if first is None else first}-{'' if last is None else last}" for first, last in specs)
    wanted: set[int] = set()
    for first, last in specs:
        if first is None:
            assert last is not None
            wanted |= set(range(max(0, size - last), size))
        else:
            wanted |= set(range(first, min(size, size if last is None else last + 1)) if first < size else ())
    valid = all(first is None or last is None or first <= last for first, last in specs)
    transport = httpx.ASGITransport(app(studio))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.get(FILE, headers={"range": f"bytes={asked}"})
    assert int(answer.headers["content-length"]) == len(answer.content)
    if not valid:
        assert (answer.status_code, answer.content) == (200, content)
    elif not wanted:
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    else:
        assert answer.status_code == 206
        assert set(parts(answer)) == {(at, content[at]) for at in wanted}
        assert len(parts(answer)) == len(wanted)


def parts(answer: httpx.Response) -> list[tuple[int, int]]:
    """Every byte of a partial answer with the place in the file that it says it has."""
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    if kind != "multipart/byteranges":
        return placed(answer.headers["content-range"], answer.content)
    found, rest = [], answer.content
    while not rest.startswith(f"--{boundary}--".encode()):
        head, _, rest = rest.removeprefix(f"--{boundary}\r\n".encode()).partition(b"\r\n\r\n")
        where = next(line for line in head.decode().split("\r\n") if line.lower().startswith("content-range: "))
        first, last = (int(number) for number in where.partition(" bytes ")[2].partition("/")[0].split("-"))
        found += placed(where.partition(": ")[2], rest[: last - first + 1])
        rest = rest[last - first + 1 :].removeprefix(b"\r\n")
    return found


def placed(content_range: str, body: bytes) -> list[tuple[int, int]]:
    first, last = (int(number) for number in content_range.removeprefix("bytes ").partition("/")[0].split("-"))
    assert len(body) == last - first + 1
    return list(enumerate(body, first))


async def test_a_range_beyond_the_end_is_a_416_that_pages_can_read(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.get(FILE, headers={"range": f"bytes={len(content)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(content)}"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("asked", ["bytes=x", "lines=0-1", "bytes=5-2", "nonsense"])
async def test_a_range_that_cannot_be_read_gives_the_whole_file(
    client: httpx.AsyncClient, content: bytes, asked: str
) -> None:
    answer = await client.get(FILE, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, content)


@pytest.mark.parametrize(
    ("validator", "status"), [(TAG, 206), ('"other"', 200), (f"W/{TAG}", 200), ("Sat, 21 Nov 2026 00:00:00 GMT", 200)]
)
async def test_a_download_resumes_only_if_the_file_is_still_the_same(
    client: httpx.AsyncClient, validator: str, status: int
) -> None:
    answer = await client.get(FILE, headers={"range": "bytes=5-9", "if-range": validator})
    assert answer.status_code == status


@pytest.mark.parametrize(("known", "status"), [(TAG, 304), ("*", 304), (f'"a", W/{TAG}', 304), ('"other"', 200)])
async def test_a_file_already_held_is_not_sent_again(client: httpx.AsyncClient, known: str, status: int) -> None:
    answer = await client.get(FILE, headers={"if-none-match": known})
    assert answer.status_code == status
    assert answer.headers["etag"] == TAG


async def test_a_file_name_in_any_script_is_quoted(client: httpx.AsyncClient) -> None:
    answer = await client.get("/película 1.mp4")
    assert answer.headers["content-disposition"] == "inline; filename*=utf-8''pel%C3%ADcula%201.mp4"


async def test_a_browser_is_told_beforehand_that_it_may_ask_for_ranges(client: httpx.AsyncClient) -> None:
    answer = await client.options(FILE)
    assert answer.status_code == 204
    assert "Range" in answer.headers["access-control-allow-headers"]


async def test_a_file_forgotten_between_answer_and_sending_is_made_again(tmp_path: Path) -> None:
    studio = Studio(tmp_path)

    async def film(request: Request) -> Response:
        response = await respond(request, studio, CLIP, "film.mp4")
        (await studio.file(CLIP)).unlink()
        return response

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", film)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.get("/")
    await studio.close()
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])


async def test_a_picture_is_served_like_a_film(studio: Studio) -> None:
    poster = Poster(CLIP)

    async def picture(request: Request) -> Response:
        return await respond(request, studio, poster, "poster.jpg")

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", picture)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.get("/", headers={"range": "bytes=0-2"})
        known = await client.get("/", headers={"if-none-match": f'"{poster.key}"'})
    assert (answer.status_code, answer.content) == (206, b"\xff\xd8\xff")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == 'inline; filename="poster.jpg"'
    assert known.status_code == 304
