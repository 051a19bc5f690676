"""What may happen to a customer of any provider, and what holds whatever happened."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from stateful.conversation import ATTEMPTS, Conversation, written
from stateful.model import MICRO, Fault, Job
from stateful.troubles import TROUBLES

#: Which of many; which there are is only known as it goes.
NUMBERS = st.integers(0, 9)


class Customer(Conversation):
    """A customer of one provider, who speaks to it through the bundled client."""

    @rule(seconds=st.sampled_from([0.5, 4, 20, 120, 4_000]))
    def let_time_pass(self, seconds):
        self.script.run(f"control.advance({seconds})")
        self.world.now += seconds

    @rule(number=st.integers(0, 30), always=st.booleans())
    def let_submits_go_wrong(self, number, always):
        self.let_go_wrong("submit", number, always)

    @rule(number=st.integers(0, 30), always=st.booleans())
    def let_polls_go_wrong(self, number, always):
        self.let_go_wrong("poll", number, always)

    def let_go_wrong(self, operation: str, number: int, always: bool) -> None:
        """Let something be the matter with an operation, once or until it is mended."""
        if self.world.meets(operation) is not None:
            return
        if self.script.tell("line.cutting"):
            # Either is one attempt less, and together they would be more than a client makes.
            self.script.run("line.cutting = []")
        choice = TROUBLES[self.troubles][operation]
        trouble = choice[number % len(choice)]
        # A socket tells once more what was lost, so a submit goes on after its first reset; and one delay is enough.
        told_again = (
            self.troubles == "runware-socket" and operation == "submit" and trouble.rule.get("reset") == "after"
        )
        always = always and not trouble.late and not told_again
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

    @precondition(lambda self: not any(fault.live for fault in self.world.faults.values()))
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
            trouble = fault.trouble
            if trouble.raises == "InvalidAnswer" and not self.is_told_with_200(job):
                # Of what cannot be read, the status says what it is.
                trouble = replace(trouble, raises="ProviderError")
            self.refused(f"client.status({job.name})", trouble)
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
        self.script.run("line.cutting = []\ncontrol.clear_faults()")
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
        return f'wrong = broken_promises("{self.provider}", {spoken}, {self.posted()})\nassert not wrong, wrong'

    def posted(self) -> str:
        """The expression for what webhooks told of these jobs."""
        return "[]"
