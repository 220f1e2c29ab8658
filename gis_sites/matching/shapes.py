"""The form of what a shortlist says besides its candidates, for its JSON Schema."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Bound = float | str


class Shape(BaseModel):
    """An object of the answer; it has no other keys."""

    model_config = ConfigDict(extra="forbid")


class Step(Shape):
    """How far a bound must move (`by`; days for a date), and how many sites open then."""

    to: Bound
    by: float
    opens: int


class Change(Shape):
    """A single change of one criterion: of a bound, one more code allowed, or what is unknown left to verify.

    `option` numbers the alternative of a must that has some.
    """

    attribute: str
    option: int | None = None
    bound: str | None = None
    start: Bound | None = Field(default=None, alias="from")
    code: str | None = None
    unknown: str | None = None


class Opening(Change):
    """A change and what it opens: the first, the tenth (null where there are fewer), all that it can."""

    first: Step | None = None
    tenth: Step | None = None
    all: Step | None = None
    opens: int | None = None


class Need(Change):
    """A change that would open one site."""

    to: Bound | None = None
    by: float | None = None


class Relaxation(Shape):
    """What opens if one must alone is dropped, or changed; `out_of_reach` opens by no single change."""

    must: str
    eligible: int
    to_verify: int
    changes: list[Opening]
    out_of_reach: int


class NearMiss(Shape):
    """A site that fails one must: what is told of a candidate, the must, and each change that would do."""

    model_config = ConfigDict(extra="allow")
    rank: int
    id: str
    fails: str
    changes: list[Need]


class Chance(Shape):
    """A share of the draws, and its 95 % interval."""

    chance: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)


class Chances(Shape):
    """How often a candidate is first, and among the first few."""

    rank: int
    id: str
    first: Chance
    among_first: Chance


class Level(Shape):
    """The weight of one want alone at which the first two are level; null where no weight does it."""

    attribute: str
    weight: float
    level_at: float | None
    change: float | None = None
    swaps: str | None = None


class Swap(Shape):
    """What weight would put the second before the first."""

    of: list[str]
    possible: bool
    wants: list[Level]


class Robustness(Shape):
    """Chances under drawn weights, ranges and unknowns; they speak of the set.

    `assemblies` says how many were drawn for: those listed; null where none is asked for.
    """

    speaks_of: str
    method: str
    draws: int
    seed: str
    weight_factor: float
    among: int
    contenders: int
    left_out: int
    assemblies: int | None
    candidates: list[Chances]
    others: Chance
    nobody: Chance
    swap: Swap | None


class Method(Shape):
    """How well the order of another method agrees with that of the floor; null where all are level."""

    method: str
    kendall_tau: float | None
    weighted_spearman: float | None


class Ranks(Shape):
    """A candidate's rank by its floor and by each method, among those compared."""

    rank: int
    id: str
    by_floor: int
    ranks: dict[str, int]


class Agreement(Shape):
    """What other methods say; most of them speak of the set. `penalised`: whose points taken off they do not know."""

    speaks_of: str
    library: str
    compared: int
    penalised: int
    methods: list[Method]
    candidates: list[Ranks]


class Judgement(Shape):
    """One want is so many times as important as another."""

    more: str
    than: str
    times: float


class Rethink(Judgement):
    """The judgement to think over, what the other two imply, and the consistency ratio it would bring."""

    agrees: float
    consistency_ratio_then: float


class Contradiction(Shape):
    """The three judgements that contradict most."""

    judgements: list[Judgement]
    rethink: Rethink


class Comparisons(Shape):
    """The weights that comparisons give; above a consistency ratio of 0.1, where they contradict."""

    weights: dict[str, float]
    lambda_max: float
    consistency_ratio: float
    consistent: bool
    contradiction: Contradiction | None


class Answers(BaseModel):
    """A shortlist: its candidates, and what it was asked to say besides."""

    model_config = ConfigDict(extra="allow", title="Shortlist")
    candidates: list[dict[str, Any]]
    comparisons: Comparisons | None = None
    relaxations: list[Relaxation] | None = None
    near_misses: list[NearMiss] | None = None
    robustness: Robustness | None = None
    agreement: Agreement | None = None


def answers_schema() -> dict[str, Any]:
    """Return the JSON Schema of a shortlist as far as its answers go."""
    return Answers.model_json_schema(by_alias=True)
