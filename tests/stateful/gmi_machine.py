"""GMI Cloud's queue."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from client.meanings import EXPECTED
from stateful.conversation import model_of, written
from stateful.model import MICRO, Job, Trouble
from stateful.rules import NUMBERS
from stateful.submitting import submitting
from understudy_contracts import strategies
from understudy_contracts.provider import contract

AVATAR = "heygen-avatar-4"
IMAGE = "seedream-5.0-pro"
GMI = contract("gmi")

VOICE = {"type": "text", "input_text": "Good evening.", "voice_id": "1bd001e7e50f421d891986aad5158bc8"}
CHARACTER = {"type": "avatar", "avatar_id": "josh_lite3_20230714"}
FIXED = [
    (AVATAR, {"video_inputs": [{"character": CHARACTER, "voice": VOICE}]}),
    (AVATAR, {"video_inputs": [{"character": CHARACTER, "voice": {"type": "silence", "duration": 3}}]}),
    (IMAGE, {"prompt": "An owl at night.", "size": "1K"}),
]

#: Videos are billed in whole frames.
FRAME = 0.04


def _valid(name: str) -> st.SearchStrategy:
    model = model_of("gmi", name)
    stance = GMI.switch_values({})
    made = strategies.request("gmi", name).filter(
        lambda payload: not model.recordings(payload) and not GMI.gated(name, payload, stance)
    )
    return made.map(lambda payload: (name, payload))


VALID = st.one_of(_valid(AVATAR), _valid(IMAGE))
BROKEN = st.sampled_from([AVATAR, IMAGE]).flatmap(
    lambda name: strategies.broken_request("gmi", name).map(lambda broken: (name, broken))
)


class Gmi(submitting(FIXED, VALID)):
    """A customer of GMI Cloud."""

    provider = "gmi"
    troubles = "gmi"
    prepaid = True
    client = "GmiClient(KEY, base, max_retries=2)"
    uploading = '{name} = client.upload(picture({number}), "png")'

    def submit(self, name: str, payload: dict) -> None:
        model, seconds = model_of("gmi", name), _seconds(name, payload)
        takes = sum(model.latency.seconds(seconds))
        job = Job(
            name=self.world.name("job"),
            model=name,
            request=payload,
            cost=int(model.price.cost(seconds, model.output.count_of(payload)) * MICRO),
            parts=1,
            submitted=(self.world.now, self.world.now),
            takes=(takes, takes),
        )
        self.submitted(f"client.submit({name!r}, {written(payload)})", job)

    def refused(self, asking: str, trouble: Trouble, job: Job | None = None) -> None:
        super().refused(asking, trouble)
        if job is not None and trouble.made:
            # No answer says its id, but it is in the list.
            self.script.run(f"{job.name} = client.list({job.model!r}, limit=1).records[0].job")

    @precondition(lambda self: self.world.meets("submit") is None)
    @rule(asked=BROKEN)
    def submit_something_broken(self, asked):
        name, broken = asked
        unbilled = self.unbilled()
        self.script.run(
            'with Expected(ValidationError, said="invalid payload parameters: ") as caught:\n'
            f"    client.submit({name!r}, {written(broken.request)})\n"
            f"assert {broken.parameter!r} in caught.error.message, caught.error\n"
            f"assert caught.error.billed is {unbilled}, caught.error"
        )

    @precondition(lambda self: self.world.jobs and self.world.meets("poll") is None)
    @rule(number=NUMBERS)
    def call_off(self, number):
        job = self.picked(number)
        states = job.states(self.world.now)
        if states in (("processing",), ("cancelled",)):
            self.script.run(f'told = client.cancel({job.name})\nassert told.state == "cancelled", told')
            job.cancelled = True
        elif len(states) == 1:
            self.script.run(f'with Expected(ValidationError, said="already finished"):\n    client.cancel({job.name})')

    @rule(name=st.sampled_from([AVATAR, IMAGE]))
    def list_what_there_is(self, name):
        ids = ", ".join(f"{job.name}.id" for job in reversed(self.world.jobs) if job.model == name)
        self.script.run(f"told = [record.id for record in client.requests({name!r})]\nassert told == [{ids}], told")

    @precondition(lambda self: any(job.seen and job.states(self.world.now) == ("success",) for job in self.world.jobs))
    @rule(number=NUMBERS)
    def download_a_result(self, number):
        jobs = [
            job
            for job in self.world.jobs
            if job.model == IMAGE and job.seen and job.states(self.world.now) == ("success",)
        ]
        if not jobs:
            return
        job = jobs[number % len(jobs)]
        kind = job.request.get("output_format", "png")
        begins = rb"\x89PNG" if kind == "png" else rb"\xff\xd8"
        self.script.run(
            f'path = client.download({job.end}.results[0], folder / "{job.name}")\n'
            f"assert path.read_bytes().startswith({begins!r}), path.read_bytes()[:8]".replace("\\\\", "\\")
        )

    def ended(self, job: Job) -> list[str]:
        if job.cancelled:
            return [f"with Expected(TaskCancelled):\n    client.wait({job.name}, deadline=60)"]
        if job.fails is not None:
            case = job.fails
            said = "" if "{" in case.message else case.message
            return [
                f"with Expected({EXPECTED[case.kind].__name__}, said={said!r}) as caught:\n"
                f"    client.wait({job.name}, deadline=60)",
                "assert caught.error.billed is False, caught.error",
            ]
        lines = [f"assert tuple(client.wait({job.name}, deadline=60)) == told.results"]
        if job.model == AVATAR:
            lines.append(f"assert told.results[0].duration == {_seconds(AVATAR, job.request)}, told")
        return lines


def _seconds(name: str, payload: dict) -> float:
    seconds = model_of("gmi", name).duration.seconds(payload)
    return round(max(1, round(seconds / FRAME)) * FRAME, 3)
