"""One account at one provider, its model beside it, and a script of all that is done."""

import uuid
from contextlib import ExitStack
from pprint import pformat
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from stateful.model import Job, Trouble, World
from stateful.script import Script
from stateful.stand_ins import StandIns
from understudy_contracts.models import Model, models

#: How often a client asks for the same thing at most.
RETRIES = 2
ATTEMPTS = RETRIES + 1


class Conversation(RuleBasedStateMachine):
    """What rules are made of: to ask through the bundled client, and to hold what is told to the model."""

    provider: ClassVar[str]
    #: Whose troubles it meets; the provider's, unless it comes another way.
    troubles: ClassVar[str]
    prepaid: ClassVar[bool] = False
    #: Statements of the script: how a client is made, and where it goes.
    client: ClassVar[str]
    base: ClassVar[str] = "line.url"
    opening: ClassVar[dict[str, str]] = {}

    def __init__(self, stand_ins: StandIns) -> None:
        super().__init__()
        self.world = World(self.prepaid)
        self.looks = 0
        key = f"stateful-{uuid.uuid4()}"
        opening = {
            "KEY": 'KEY = "any-key"',
            "SETTINGS": 'SETTINGS = Settings(port=0, clock="manual", speed=Speed(1.0, 1.0), journal_size=100_000)',
            "server": "server = stack.enter_context(Server(SETTINGS))",
            "other": "other = stack.enter_context(Server(SETTINGS))",
            "control": "control = Control(server.url, account=KEY)\nstack.callback(lambda: control.close())",
            "line": "line = stack.enter_context(Line(server.port))",
            "base": f"base = {self.base}",
            "spoken": "spoken = []",
            "folder": "folder = Path(stack.enter_context(TemporaryDirectory()))",
            **self.opening,
            "client": f"client = {self.client}\nstack.callback(lambda: client.close())",
        }
        self.stack = ExitStack()
        names = {"KEY": key, "stack": self.stack, **stand_ins.names}
        if "receiver" in opening:
            names["receiver"] = stand_ins.receivers[self.provider]
        self.script = Script(opening, names)
        for name in opening:
            if name not in self.script.names:
                exec(opening[name], self.script.names)

    def now(self) -> float:
        """What time it is for the account."""
        told: float = self.script.tell("control.clock()")["now"]
        return told

    def submitted(self, asking: str, job: Job) -> None:
        """Hand in a request that is valid, with whatever may go wrong on the way."""
        before, fault = self.now(), self.world.meets("submit")
        trouble = fault.trouble if fault is not None else Trouble({})
        through = fault is not None and fault.strike(ATTEMPTS)
        if through and trouble.raises:
            self.refused(asking, trouble, job)
        elif fault is not None and trouble.late:
            self.script.run(f"{job.name} = late(control, {fault.name}.id, {trouble.late}, lambda: {asking})")
        else:
            self.script.run(f"{job.name} = {asking}")
        if through:
            job.fails = trouble.fails or job.fails
            first, last = job.takes
            job.takes = (first * trouble.pace, last * trouble.pace)
        self.world.now = self.now()
        job.submitted = (before, self.world.now)
        if trouble.made or not (through and trouble.raises):
            self.world.jobs.append(job)

    def refused(self, asking: str, trouble: Trouble, job: Job | None = None) -> None:
        """Ask for something that is answered by an error, which names the job if one was made all the same."""
        named = f", code={trouble.code!r}" * bool(trouble.code) + f", said={trouble.said!r}" * bool(trouble.said)
        if job is None or not trouble.made:
            self.script.run(f"with Expected({trouble.raises}{named}):\n    {asking}")
        else:
            with_it = f"with Expected({trouble.raises}{named}) as caught:\n    {asking}"
            self.script.run(f"{with_it}\n{job.name} = caught.error.job")

    def unbilled(self) -> str:
        """What a refused submit says of its bill: where the line may break, an earlier attempt may have got through."""
        return "not True" if self.script.tell("line.cutting") else "False"

    def expect(self, expression: str, value: Any) -> None:
        """Ask for something, and hold it to what it should be."""
        self.script.run(f"told = {expression}\nassert told == {written(value)}, told")

    def picked(self, number: int) -> Job:
        """One of the jobs, the newest for 0."""
        return self.world.jobs[-1 - number % len(self.world.jobs)]

    def look(self, job: Job) -> None:
        """Ask for a job that nothing keeps from being asked for, and hold it to the model."""
        states = job.states(self.world.now)
        if self.is_forgotten(job):
            self.script.run(f"with Expected(TaskNotFound):\n    client.status({job.name})")
            return
        where = f"== {states[0]!r}" if len(states) == 1 else f"in {states!r}"
        lines = [f"told = client.status({job.name})", f"assert told.state {where}, told"]
        if job.seen:
            end = job.end
            lines.append(f"assert (told.results, told.errors) == ({end}.results, {end}.errors), (told, {end})")
        elif len(states) == 1 and states[0] != "processing":
            lines.append(f"{job.end} = told")
            lines += self.ended(job)
            job.seen = True
        self.script.run("\n".join(lines))

    def ended(self, job: Job) -> list[str]:
        """What must be true of `told` as a job is first seen at its end."""
        return []

    def is_told_with_200(self, job: Job) -> bool:
        """Whether a poll of a job, as it stands, is answered with an HTTP status that says that all is well."""
        return True

    def is_forgotten(self, job: Job) -> bool:
        """Whether the provider tells nothing of a job any more."""
        return False


def written(value: Any) -> str:
    """A value as a person would write it in Python."""
    return pformat(value, sort_dicts=False, width=110)


def model_of(provider: str, name: str) -> Model:
    """A model of the contract."""
    return models(provider)[name]
