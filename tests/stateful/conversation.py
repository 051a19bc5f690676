"""What machines of all providers share: one account, its model beside it, and a script of all that is done."""

import uuid
from pprint import pformat
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stateful.model import MICRO, Fault, Job, Trouble, World
from stateful.script import Script
from stateful.stand_ins import StandIns
from stateful.troubles import TROUBLES
from understudy_contracts.models import Model, models

#: How often a client asks for the same thing at most.
RETRIES = 2
ATTEMPTS = RETRIES + 1

#: Which of many; which there are is only known as it goes.
NUMBERS = st.integers(0, 9)


class Conversation(RuleBasedStateMachine):
    """A customer of one provider, who speaks to it through the bundled client."""

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
        self.stack = stand_ins.opened()
        self.script = Script(opening, {"KEY": key, "stack": self.stack, **stand_ins.names})
        for name in opening:
            if name not in self.script.names:
                exec(opening[name], self.script.names)

    # What rules are made of

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

    def is_forgotten(self, job: Job) -> bool:
        """Whether the provider tells nothing of a job any more."""
        return False

    # Rules

    @rule(seconds=st.sampled_from([0.5, 4, 20, 120, 4_000]))
    def let_time_pass(self, seconds):
        self.script.run(f"control.advance({seconds})")
        self.world.now += seconds

    @rule(operation=st.sampled_from(["submit", "poll"]), number=st.integers(0, 30), always=st.booleans())
    def let_something_go_wrong(self, operation, number, always):
        if self.world.meets(operation) is not None:
            return
        choice = TROUBLES[self.troubles][operation]
        trouble = choice[number % len(choice)]
        # After a reset a socket is told again what was lost, so that it may well go on; and one delay is enough.
        always = always and not trouble.late and not ("socket" in self.troubles and "reset" in trouble.rule)
        rule = {"provider": self.provider, "operation": operation, **trouble.rule, **({} if always else {"times": 1})}
        fault = Fault(self.world.name("fault"), trouble, None if always else 1)
        self.script.run(f"{fault.name} = control.add_fault({written(rule)})")
        self.world.faults[operation] = fault

    @precondition(lambda self: self.world.faults)
    @rule(operation=st.sampled_from(["submit", "poll"]))
    def let_it_be_well_again(self, operation):
        fault = self.world.faults.pop(operation, None)
        if fault is not None:
            self.script.run(f"control.remove_fault({fault.name}.id)")

    @rule(way=st.sampled_from(["up", "down"]), count=st.integers(0, 400))
    def break_the_line(self, way, count):
        self.script.run(f"line.cut({way!r}, {count})")

    @rule()
    def hang_up(self):
        self.script.run("line.hang_up()")

    @rule()
    def restart_the_client(self):
        self.script.run(f"client.close()\nclient = {self.client}")
        for job in self.world.jobs:
            if job.remembered:
                self.script.run(f"{job.name} = Job({job.name}.id)")
                job.remembered = False

    @rule()
    def move_to_another_server(self):
        self.script.run(
            "document = control.snapshot()\n"
            'spoken += control.journal(order="oldest")\n'
            'control.reset("all")\n'
            "control.close()\n"
            "server, other = other, server\n"
            "control = Control(server.url, account=KEY)\n"
            "control.restore(document)\n"
            "line.port = server.port\n"
            "line.hang_up()"
        )

    @precondition(lambda self: self.world.jobs)
    @rule(number=NUMBERS)
    def ask_for_a_job(self, number):
        job, fault = self.picked(number), self.world.meets("poll")
        if fault is None:
            self.look(job)
        elif fault.trouble.raises and fault.strike(ATTEMPTS):
            self.refused(f"client.status({job.name})", fault.trouble)
        elif fault.trouble.late:
            fault.strike(ATTEMPTS)
            asking = f"late(control, {fault.name}.id, {fault.trouble.late}, lambda: client.status({job.name}))"
            self.script.run(f"with suppress(TaskNotFound):\n    {asking}")
            self.world.now = self.now()
        else:
            self.look(job)

    @rule(dollars=st.sampled_from([-5, 12.5]))
    def put_money_in_or_take_it_out(self, dollars):
        self.script.run(f"control.credit({dollars})")
        self.world.given += round(dollars * MICRO)

    # What always holds

    @invariant()
    def one_job_after_the_other_is_where_it_should_be(self):
        # While the line is about to break or polls go wrong, a look would use that up.
        if self.script.failed or not self.world.jobs or self.world.meets("poll") or self.script.tell("line.cutting"):
            return
        self.looks += 1
        self.look(self.world.jobs[self.looks % len(self.world.jobs)])

    @invariant()
    def the_books_are_those_of_the_model(self):
        if self.script.failed:
            return
        given = self.world.given
        least, most = ((given - spent) / MICRO for spent in reversed(self.world.spent()))
        compared = f"== {most}" if least == most else f"in {least, most} or {least} < account['available'] < {most}"
        jobs = {self.provider: len(self.world.jobs)} if self.world.jobs else {}
        self.script.check(
            "account = control.own_account()\n"
            f"assert account['available'] {compared}, account\n"
            f"assert account['jobs'] == {jobs}, account"
        )
        told = [(job, self.world.entries(job)) for job in self.world.jobs]
        known = ", ".join(f"{job.name}: {sorted(kinds.elements())}" for job, kinds in told if kinds is not None)
        if known:
            self.script.check(
                'entries = control.ledger()["entries"]\n'
                f"for job, kinds in {{{known}}}.items():\n"
                '    told = sorted(entry["kind"] for entry in entries if entry["job"] == job.id)\n'
                "    assert told == kinds, (job, told)"
            )

    def teardown(self):
        try:
            if not self.script.failed:
                self.finish()
        finally:
            self.stack.close()

    def finish(self) -> None:
        """Let everything come to its end, and look at all of it."""
        self.script.run('line.cutting = []\ncontrol.clear_faults()')
        self.all_is_well()
        far = max([0.0, *(job.latest - self.world.now for job in self.world.jobs)]) + 60
        self.let_time_pass(round(far, 3))
        for job in self.world.jobs:
            self.look(job)
            self.settled(job)
        self.the_books_are_those_of_the_model()
        self.script.check(self.judging())

    def all_is_well(self) -> None:
        """Note that no fault is left."""
        self.world.faults.clear()

    def settled(self, job: Job) -> None:
        """What must be true of a job long after its end."""

    def judging(self) -> str:
        """The statement that lets the contract's checks look at all that was said."""
        spoken = '[*spoken, *control.journal(order="oldest")]'
        return f'wrong = broken_promises("{self.provider}", {spoken})\nassert not wrong, wrong'


def written(value: Any) -> str:
    """A value as a person would write it in Python."""
    return pformat(value, sort_dicts=False, width=110)


def model_of(provider: str, name: str) -> Model:
    """A model of the contract."""
    return models(provider)[name]
