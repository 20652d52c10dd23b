"""The table of steps. Everything else about the workflow is read from it: the machine, the buttons, the
diagram, the page's stepper and the database's list of allowed edges. Source: ``docs/workflow.md``.
"""

from dataclasses import dataclass

from workflows.vocabulary import Actor, Role, Side, Status, Step
from workflows.words import Words, words

NOT_OPENED, MSP_PREPARING = Status.NOT_OPENED, Status.MSP_PREPARING
UNDER_REVIEW, APPROVED, REJECTED = Status.UNDER_REVIEW, Status.APPROVED, Status.REJECTED
EDITABLE = (MSP_PREPARING, REJECTED)

Who = tuple[tuple[Side, frozenset[Role]], ...]

SCHEDULER: Who = ((Side.SYSTEM, frozenset()),)
MSP_EDITORS: Who = ((Side.MSP, frozenset({Role.PREPARER, Role.ADMIN})),)
REVIEWERS: Who = ((Side.DISTRIBUTOR, frozenset({Role.REVIEWER})),)
DISTRIBUTOR_ADMINS: Who = ((Side.DISTRIBUTOR, frozenset({Role.ADMIN})),)
IMPORTERS: Who = ((Side.DISTRIBUTOR, frozenset({Role.ADMIN, Role.REVIEWER})),)

PERFORMERS: dict[tuple[Side, frozenset[Role]], Words] = {
    SCHEDULER[0]: words("the system"),
    MSP_EDITORS[0]: words("MSP admin or preparer"),
    REVIEWERS[0]: words("distributor reviewer"),
    DISTRIBUTOR_ADMINS[0]: words("distributor admin"),
    IMPORTERS[0]: words("distributor admin or reviewer"),
}


@dataclass(frozen=True, slots=True)
class StepRule:
    """One row of the table.

    ``target`` None: the step ends where it started. ``returns``: it ends in the status the report was
    submitted from. ``who``: sides with the roles of which one is needed (the system needs none).
    """

    step: Step
    sources: tuple[Status, ...]
    target: Status | None
    who: Who
    needs_reason: bool = False
    returns: bool = False

    def targets(self, source: Status) -> tuple[Status, ...]:
        """The statuses this step can lead to from ``source``."""
        if self.returns:
            return EDITABLE
        return (self.target or source,)

    def permits(self, actor: Actor) -> bool:
        """Whether the actor's side and one of its roles are in the table; says nothing of the report."""
        return any(side is actor.side and (side is Side.SYSTEM or roles & actor.roles) for side, roles in self.who)

    def in_name_of(self, actor: Actor, but: frozenset[int] = frozenset()) -> int | None:
        """The absent colleague whose roles the actor needs for this step; None where its own roles do, which come
        first. ``but``: people in whose name it is not taken while somebody else's will do.
        """
        needed = frozenset(role for side, roles in self.who if side is actor.side for role in roles)
        if actor.own is None or needed & actor.own:
            return None
        lenders = [absent.person for absent in actor.acts_for if needed & absent.roles]
        return next((person for person in lenders if person not in but), next(iter(lenders), None))

    @property
    def performers(self) -> tuple[Words, ...]:
        """Who may take it, in words: "distributor reviewer"."""
        return tuple(PERFORMERS[who] for who in self.who)


STEPS: tuple[StepRule, ...] = (
    StepRule(Step.OPEN, (NOT_OPENED,), MSP_PREPARING, SCHEDULER),
    # Saved drafts, imports and late prices are steps too: each raises the version and leaves its action row.
    StepRule(Step.SAVE, EDITABLE, None, MSP_EDITORS),
    StepRule(Step.REFRESH, EDITABLE, None, IMPORTERS + SCHEDULER),
    StepRule(Step.PRICE, (*EDITABLE, UNDER_REVIEW), None, DISTRIBUTOR_ADMINS + SCHEDULER),
    StepRule(Step.SUBMIT, EDITABLE, UNDER_REVIEW, MSP_EDITORS),
    StepRule(Step.AUTO_SUBMIT, EDITABLE, UNDER_REVIEW, SCHEDULER),
    StepRule(Step.RECALL, (UNDER_REVIEW,), None, MSP_EDITORS, returns=True),
    StepRule(Step.WAIVE, (UNDER_REVIEW,), None, REVIEWERS, needs_reason=True),
    StepRule(Step.ENDORSE, (UNDER_REVIEW,), None, REVIEWERS),
    StepRule(Step.APPROVE, (UNDER_REVIEW,), APPROVED, REVIEWERS),
    StepRule(Step.AUTO_APPROVE, (UNDER_REVIEW,), APPROVED, SCHEDULER),
    StepRule(Step.REJECT, (UNDER_REVIEW,), REJECTED, REVIEWERS, needs_reason=True),
    # An invoiced report keeps its status; that it is final stands in invoiced_at.
    StepRule(Step.INVOICE, (APPROVED,), None, DISTRIBUTOR_ADMINS + SCHEDULER),
    StepRule(Step.REOPEN, (APPROVED,), MSP_PREPARING, MSP_EDITORS + REVIEWERS, needs_reason=True),
)

RULES: dict[Step, StepRule] = {rule.step: rule for rule in STEPS}

EDGES: tuple[tuple[Step, Status, Status], ...] = tuple(
    (rule.step, source, target) for rule in STEPS for source in rule.sources for target in rule.targets(source)
)
