"""Runware, over REST and over the socket that the bundled client keeps open."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from client.meanings import EXPECTED
from stateful.conversation import model_of, written
from stateful.model import MICRO, Job
from stateful.rules import NUMBERS, Customer
from stateful.troubles import WEBHOOK_TROUBLES
from understudy_contracts import strategies
from understudy_contracts.provider import contract

AVATAR = "heygen:avatar@4"
MODEL = model_of("runware", AVATAR)
JUDGE = contract("runware").model_judge(AVATAR)

SHORT = {"model": AVATAR, "inputs": {"avatar": "anna"}, "speech": {"text": "Good evening."}}
SMALL = {**SHORT, "width": 320, "height": 180}
FIXED = [SHORT, SMALL, {**SHORT, "includeCost": True}, {**SHORT, "numberResults": 3}]

#: Who would be sent something must be here, and a task's name is the client's to find.
_ELSEWHERE = ("webhookURL", "uploadEndpoint", "taskUUID")

#: Further results may come later than the first, by as long as that took to make: how much is nowhere told.
_STRAGGLING = 2


def _ours(request: dict, kept: str = "") -> dict:
    return {name: value for name, value in request.items() if name not in _ELSEWHERE or name == kept}


VALID = strategies.request("runware", AVATAR).filter(lambda made: not MODEL.recordings(made)).map(_ours)
BROKEN = strategies.broken_request("runware", AVATAR).map(
    lambda broken: (_ours(broken.request, broken.parameter), broken.parameter)
)


class Runware(Customer):
    """A customer of Runware over REST."""

    provider = "runware"
    troubles = "runware"
    client = "RunwareClient(KEY, base, max_retries=2)"
    base = 'f"{line.url}/v1"'
    opening: ClassVar[dict[str, str]] = {"receiver": "receiver = stack.enter_context(WebhookReceiver())"}
    #: What a task meets that was handed in before.
    met_again = 'Expected(TaskConflict, code="conflictTaskUUID")'

    def __init__(self, stand_ins) -> None:
        super().__init__(stand_ins)
        #: How often a webhook arrives, as things are.
        self.arriving = 1
        self.downloads: dict[str, int] = {}

    def submit(self, request: dict, *, hooked: bool = False, more: str = "") -> None:
        name = self.world.name("job")
        seconds, count = MODEL.duration.seconds(request), request.get("numberResults", 1)
        queued, running = MODEL.latency.seconds(seconds)
        job = Job(
            name=name,
            model=AVATAR,
            request=request,
            cost=int(MODEL.price.cost(seconds) * MICRO) * count,
            parts=count,
            submitted=(self.world.now, self.world.now),
            takes=(queued + running, queued + running * (1 if count == 1 else _STRAGGLING)),
            hooked=hooked,
            hooks=self.arriving if hooked else 0,
        )
        hook = ", webhookURL=receiver.url" if hooked else ""
        self.submitted(f"client.submit({written(request)}{hook}{more})", job)

    @initialize(request=st.sampled_from(FIXED))
    def begin_with_something_short(self, request):
        self.submit(request)

    @rule(asked=st.sampled_from([(request, hooked) for hooked in (False, True) for request in FIXED]))
    def submit_something_short(self, asked):
        request, hooked = asked
        self.submit(request, hooked=hooked)

    @rule(request=VALID, hooked=st.booleans())
    def submit_something(self, request, hooked):
        self.submit(request, hooked=hooked)

    @precondition(lambda self: self.world.meets("submit") is None)
    @rule(broken=BROKEN)
    def submit_something_broken(self, broken):
        request, parameter = broken
        sent = {"taskType": "videoInference", "deliveryMethod": "async", "taskUUID": _UUID, **request}
        if JUDGE.accepts(sent):
            # The client has put right what was missing.
            return
        unbilled = self.unbilled()
        self.script.run(
            f"with Expected(ValidationError) as caught:\n    client.submit({written(request)})\n"
            f"assert {parameter!r} in str(caught.error.parameter), caught.error\n"
            f"assert caught.error.billed is {unbilled}, caught.error"
        )

    @precondition(lambda self: self.world.meets("submit") is None and self.world.jobs)
    @rule(number=NUMBERS)
    def submit_the_same_again(self, number):
        job = self.picked(number)
        if job.remembered and not self.script.tell("line.cutting"):
            self.script.run(f"with {self.met_again}:\n    client.submit({job.name}.request)")

    @precondition(lambda self: self.world.meets("submit") is None)
    @rule(request=st.sampled_from(FIXED))
    def ask_for_the_price(self, request):
        each = MODEL.price.cost(MODEL.duration.seconds(request))
        cost = each * request.get("numberResults", 1)
        self.script.run(f"told = client.price({written(request)})\nassert told == Decimal({str(cost)!r}), told")

    @rule(number=st.integers(1, 3))
    def upload_a_picture(self, number):
        name = self.world.name("picture")
        self.script.run(
            f'data = "data:image/png;base64," + base64.b64encode(picture({number})).decode()\n'
            'task = {"taskType": "imageUpload", "taskUUID": str(uuid.uuid4()), "image": data}\n'
            'bearer = {"authorization": f"Bearer {KEY}"}\n'
            'told = httpx.post(f"{server.url}/v1", json=[task], headers=bearer, verify=False).json()["data"][0]\n'
            f'{name} = told["imageUUID"]'
        )
        self.world.uploads[name] = number

    @precondition(lambda self: self.world.uploads)
    @rule(number=NUMBERS, hooked=st.booleans())
    def submit_something_with_an_uploaded_picture(self, number, hooked):
        name = list(self.world.uploads)[number % len(self.world.uploads)]
        request = {"model": AVATAR, "speech": SHORT["speech"]}
        self.submit(request, hooked=hooked, more=f', inputs={{"image": {name}}}')

    @rule(trouble=st.sampled_from([None, *WEBHOOK_TROUBLES]))
    def let_webhooks_go_wrong_or_well(self, trouble):
        lines = [f"control.remove_fault({self.webhook_fault}.id)"] if self.arriving != 1 else []
        if trouble is not None:
            self.webhook_fault = self.world.name("fault")
            rule = {"provider": "runware", "operation": "webhook", **trouble[0]}
            lines.append(f"{self.webhook_fault} = control.add_fault({written(rule)})")
        if not lines:
            return
        self.script.run("\n".join(lines))
        self.arrive(1 if trouble is None else trouble[1])

    def arrive(self, often: int) -> None:
        """Note that webhooks arrive so often from now on."""
        self.arriving = often
        for job in self.world.jobs:
            if job.hooked and self.world.now < job.latest:
                job.hooks = often if self.world.now < job.earliest else None

    def all_is_well(self) -> None:
        super().all_is_well()
        self.arrive(1)

    @precondition(lambda self: any(job.seen and not job.fails for job in self.world.jobs))
    @rule(number=NUMBERS)
    def download_a_result(self, number):
        small = [job for job in self.world.jobs if job.seen and not job.fails and job.request.get("width") == 320]
        small = [job for job in small if job.request == SMALL]
        if not small or len(self.downloads) > 2:
            return
        job = small[number % len(small)]
        times = self.downloads[job.name] = self.downloads.get(job.name, 0) + 1
        seconds = MODEL.duration.seconds(SMALL)
        self.script.run(
            f'path = client.download({job.end}.results[0], folder / "{job.name}-{times}.mp4")\n'
            "video = read_video(path)\n"
            "assert (video.width, video.height, video.has_sound) == (320, 180, True), video\n"
            f"assert abs(video.seconds - {seconds}) <= 0.04, video"
        )
        if times > 1:
            self.script.run(f'assert path.read_bytes() == (folder / "{job.name}-1.mp4").read_bytes()')

    def ended(self, job: Job) -> list[str]:
        if job.fails is not None:
            return [
                f"assert {{error.code for error in told.errors}} == {{{job.fails.code!r}}}, told",
                *self.hooks_of(job),
                *self.waited(job),
            ]
        cost = MODEL.price.cost(MODEL.duration.seconds(job.request))
        shown = f"Decimal({str(cost)!r})" if job.request.get("includeCost") else "None"
        costs = ", ".join([shown] * job.parts)
        return [
            f"assert [result.cost for result in told.results] == [{costs}], told",
            *self.hooks_of(job),
            *self.waited(job),
        ]

    def waited(self, job: Job) -> list[str]:
        """What waiting for a job that has ended comes to."""
        if job.fails is None:
            return [f"assert tuple(client.wait({job.name}, deadline=60)) == told.results"]
        raised = EXPECTED[job.fails.kind].__name__
        return [f"with Expected({raised}, code={job.fails.code!r}):\n    client.wait({job.name}, deadline=60)"]

    def hooks_of(self, job: Job) -> list[str]:
        """What was posted about a job that has ended."""
        if job.hooks is None:
            return []
        return [
            f"events = [event for event in receiver.events if event.job == {job.name}.id]",
            f"assert len(events) == {job.hooks * job.parts}, events",
        ]

    def posted(self) -> str:
        ids = ", ".join(f"{job.name}.id" for job in self.world.jobs)
        return f"[event.raw for event in receiver.events if event.job in [{ids}]]"

    def settled(self, job: Job) -> None:
        if job.hooks is not None:
            self.script.check("\n".join(self.hooks_of(job)))


class RunwareSocket(Runware):
    """A customer of Runware over one socket."""

    troubles = "runware-socket"
    client = 'RunwareClient(KEY, base, max_retries=2, transport="websocket")'
    # Where the line broke since, it may be acknowledged once more; there are not two of it all the same.
    met_again = "suppress(TaskConflict)"


_UUID = "07a8b0e6-2a3e-4c5e-9c57-2f5c7b1d8a11"
