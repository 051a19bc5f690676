"""Segmind's queue, its history and its credits."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from client.meanings import EXPECTED
from stateful.conversation import model_of, written
from stateful.model import MICRO, SLACK, Job
from stateful.rules import NUMBERS
from stateful.submitting import submitting
from understudy_contracts import strategies
from understudy_contracts.errors import ErrorCase, refusal_of
from understudy_contracts.provider import contract

AVATAR = "heygen-avatar-iv"
IMAGE = "seedream-4.5"
SEGMIND = contract("segmind")

FACE = {"image_url": "https://faces.invalid/face.png", "video_title": "Evening"}
FIXED = [(IMAGE, {"prompt": "An owl at night."}), (AVATAR, {**FACE, "script": "Hi."})]

#: Videos are billed in whole frames.
FRAME = 0.04

#: Seconds after its end for which the queue tells of a job, and until a job of bad parameters has failed at the latest.
KEPT = 3600
AT_ONCE = 1.0


def _valid(name: str) -> st.SearchStrategy:
    model = model_of("segmind", name)
    made = strategies.request("segmind", name).filter(lambda fields: not model.recordings(fields))
    return made.map(lambda fields: (name, fields))


#: Whoever looks at a finished video waits until its file is made, so there are more pictures.
VALID = _valid(IMAGE)
BROKEN = st.sampled_from([IMAGE, AVATAR]).flatmap(
    lambda name: strategies.broken_request("segmind", name).map(lambda broken: (name, broken.request))
)


class Segmind(submitting(FIXED, VALID)):
    """A customer of Segmind."""

    provider = "segmind"
    troubles = "segmind"
    client = "SegmindClient(KEY, base, max_retries=2)"
    uploading = '[{name}] = client.upload(picture({number}), media_type="image/png")'
    opening: ClassVar[dict[str, str]] = {"receiver": "receiver = stack.enter_context(Receiver())"}

    def __init__(self, stand_ins) -> None:
        super().__init__(stand_ins)
        self.subscribed = False

    def submit(self, name: str, fields: dict, refused: ErrorCase | None = None) -> None:
        model, seconds = model_of("segmind", name), _seconds(name, fields)
        took = sum(model.latency.seconds(seconds))
        cost = int(model.price.cost(seconds, model.output.count_of(fields)) * MICRO)
        job = Job(
            name=self.world.name("job"),
            model=name,
            request=fields,
            cost=0 if refused else cost,
            parts=1,
            submitted=(self.world.now, self.world.now),
            takes=(0.0, AT_ONCE) if refused else (took, took),
            fails=refused,
            hooked=self.subscribed,
            hooks=1 if self.subscribed else 0,
        )
        self.submitted(f"client.submit({name!r}, {written(fields)})", job)

    @precondition(lambda self: self.world.meets("submit") is None)
    @rule(asked=BROKEN)
    def submit_something_broken(self, asked):
        # The queue takes it; what is wrong shows when it is carried out.
        name, fields = asked
        [violation] = SEGMIND.model_judge(name).violations(fields)
        self.submit(name, fields, refusal_of("segmind", violation))

    @precondition(lambda self: not self.subscribed)
    @rule()
    def have_webhooks_sent(self):
        self.script.run(
            'wanted = {"webhook_url": receiver.url, "event": {"types": ["MODEL_INFERENCE"]}}\n'
            'key = {"x-api-key": KEY}\n'
            'httpx.post(f"{server.url}/webhook/add", json=wanted, headers=key, verify=False).raise_for_status()'
        )
        self.subscribed = True
        for job in self.world.jobs:
            if self.world.now < job.latest:
                job.hooked, job.hooks = True, 1 if self.world.now < job.earliest else None

    @rule(name=st.sampled_from([AVATAR, IMAGE]))
    def read_the_history(self, name):
        ids = ", ".join(f"{job.name}.id" for job in self.world.jobs if job.model == name)
        self.script.run(
            f"told = {{row.id for row in client.requests(model_name={name!r})}}\nassert told == set([{ids}]), told"
        )

    @precondition(lambda self: self.world.jobs)
    @rule(number=NUMBERS)
    def look_a_job_up_in_the_history(self, number):
        job = self.picked(number)
        states = job.states(self.world.now)
        if len(states) > 1:
            return
        word = {"processing": "PENDING", "success": "COMPLETED", "error": "FAILED"}[states[0]]
        self.script.run(f"told = client.request({job.name})\nassert told.word == {word!r}, told")
        if word == "COMPLETED":
            self.script.run(f"assert told.cost == Decimal({str(job.cost / MICRO)!r}), told")

    @rule()
    def read_the_credits(self):
        charged = 0
        for job in self.world.jobs:
            states = job.states(self.world.now)
            if len(states) > 1:
                return
            charged += job.cost if states == ("success",) else 0
        left = (self.world.given - charged) / MICRO
        self.script.run(f"told = client.credits()\nassert told.credits == Decimal({str(left)!r}), told")

    @precondition(lambda self: any(job.seen and not job.fails for job in self.world.jobs))
    @rule(number=NUMBERS)
    def download_a_result(self, number):
        jobs = [job for job in self.world.jobs if job.seen and not job.fails]
        job = jobs[number % len(jobs)]
        self.script.run(f'path = client.download({job.end}.results[0], folder / "{job.name}")')
        if job.model == AVATAR:
            seconds = _seconds(AVATAR, job.request)
            self.script.run(f"video = read_video(path)\nassert abs(video.seconds - {seconds}) <= 0.04, video")
        else:
            self.script.run(r'assert path.read_bytes().startswith(b"\xff\xd8"), path.read_bytes()[:8]')

    def is_told_with_200(self, job: Job) -> bool:
        return not job.fails and self.world.now < job.earliest + KEPT

    def is_forgotten(self, job: Job) -> bool:
        return self.world.now > job.latest + KEPT

    def look(self, job: Job) -> None:
        # Around the moment at which it is forgotten nobody can tell.
        if not job.earliest + KEPT <= self.world.now <= job.latest + KEPT + SLACK:
            super().look(job)

    def ended(self, job: Job) -> list[str]:
        if job.fails is not None:
            lines = [
                f"with Expected({EXPECTED[job.fails.kind].__name__}) as caught:\n"
                f"    client.wait({job.name}, deadline=60)",
                "assert caught.error.billed is False, caught.error",
            ]
        else:
            cost = str(job.cost / MICRO)
            lines = [
                f"assert told.results[0].cost == Decimal({cost!r}), told",
                f"assert client.wait({job.name}, deadline=60).media == told.results",
            ]
        return [*lines, *self.hooks_of(job)]

    def hooks_of(self, job: Job) -> list[str]:
        """What was posted about a job that has ended."""
        if job.hooks is None:
            return []
        return [
            f'bodies = [body for body in receiver.bodies if body["data"]["request_id"] == {job.name}.id]',
            f"assert len(bodies) == {job.hooks}, bodies",
        ]

    def posted(self) -> str:
        ids = ", ".join(f"{job.name}.id" for job in self.world.jobs)
        return f'[body for body in receiver.bodies if body["data"]["request_id"] in [{ids}]]'

    def settled(self, job: Job) -> None:
        if job.hooks is not None:
            self.script.check("\n".join(self.hooks_of(job)))


def _seconds(name: str, fields: dict) -> float:
    seconds = model_of("segmind", name).duration.seconds(fields)
    return max(1, round(seconds / FRAME)) / 25
