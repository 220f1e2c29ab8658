"""How sure the first places are: weights, ranges and unknowns drawn together, many times, from a fixed seed.

After SMAA: Lahdelma, Hokkanen & Salminen (1998), EJOR 106, 137-143, and its rank acceptability, Lahdelma & Salminen
(2001), Operations Research 49, 444-454. The weight space is theirs with partial information: each weight lies between
the stated one over `FACTOR` and times it (log-uniform, so that half and double are alike), because weights are ratios.
Within a range every value is as likely; of what nobody knows, every worth between the worst and the best, and a must
is met as often as not. Chances speak of the set: they do depend on the other sites.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.matching.concessions import Judged
from gis_sites.matching.contenders import SLACK, Contender, contenders, listed_sets
from gis_sites.matching.draws import Draws
from gis_sites.matching.ranking import Matched
from gis_sites.matching.requirement import ASSEMBLIES, HEAVIEST, LIGHTEST, Requirement

Json = dict[str, Any]
DRAWS = 2000
FIRST = 3
"""An enquiry is answered with one to three sites."""
FACTOR = 2.0
MOST_DRAWN = 1000
Z = 1.959963984540054
"""Of the 95 % interval."""
Line = tuple[float, float]
"""What a sum does when one weight grows: how much it rises with each, and its height at the weight stated."""


class Podium:
    """The first few of each draw, as sites come in the shortlist's order: of equals the earlier stays before."""

    def __init__(self, places: int, draws: int) -> None:
        self.scores = np.full((places, draws), -np.inf)
        self.who = np.full((places, draws), -1, dtype=np.int64)

    def open_to(self, most: Floats) -> bool:
        """Tell whether a site that scores no more than this in each draw could come among the first in any."""
        return bool((most > self.scores[-1]).any())

    def enter(self, site: int, scores: Floats) -> None:
        """Let a site in where it scores more than one that is there."""
        who, entered = np.full(len(scores), site), np.zeros(len(scores), dtype=bool)
        for place in range(len(self.scores)):
            entered |= scores > self.scores[place]
            self.scores[place], scores = (
                np.where(entered, scores, self.scores[place]),
                np.where(entered, self.scores[place], scores),
            )
            self.who[place], who = np.where(entered, who, self.who[place]), np.where(entered, self.who[place], who)


def robustness(matched: Matched) -> Json:
    """Say each candidate's chance of being first and among the first three, and what weight would swap the first two.

    Each chance has its 95 % interval (Wilson 1927, JASA 22, 209-212): what more draws could still change.
    """
    requirement, judged = matched.requirement, [Judged.of(one.window, one.verdicts) for one in matched.scored]
    draws, sets = Draws(_seed(matched.id), DRAWS), listed_sets(matched)
    found, left_out = contenders(requirement, judged, sets, factor=FACTOR, first=FIRST)
    podium, passed_over = sample(requirement, found, draws)
    first, among = (np.bincount(who.ravel() + 1, minlength=len(found) + 1) for who in (podium.who[:1], podium.who))
    places = {(one.kind, one.id): at for at, one in enumerate(found, 1)}
    listed = [places.get((one["kind"], one["id"])) for one in matched.candidates]
    others = len(draws) - int(first[[0, *(at for at in listed if at)]].sum())
    counts = [(int(first[at]), int(among[at])) if at else (0, 0) for at in listed]
    told = zip(matched.candidates, counts, strict=True)
    how = {"speaks_of": "set", "method": "SMAA-2", "draws": DRAWS, "seed": str(draws.seed), "weight_factor": FACTOR}
    return {
        **how,
        "among": FIRST,
        "contenders": len(found),
        "left_out": left_out + passed_over,
        "assemblies": len(sets) if ASSEMBLIES in requirement.scope else None,
        "candidates": [
            {"rank": one["rank"], "id": one["id"], "first": chance(first), "among_first": chance(among)}
            for one, (first, among) in told
        ],
        "others": chance(others),
        "nobody": chance(int(first[0])),
        "swap": swap(matched.candidates, requirement),
    }


def _seed(shortlist: str) -> int:
    """Make the seed of the shortlist's id: the same question to the same state is answered the same."""
    return int(hashlib.sha256(shortlist.encode()).hexdigest()[:16], 16)


def sampled_weights(requirement: Requirement, draws: Draws) -> Floats:
    """Draw weights, wants x draws; each want has a stream of its own, and the weights of one draw sum to 1."""
    drawn = np.empty((len(requirement.want), len(draws)))
    for at, (name, want) in enumerate(requirement.want.items()):
        drawn[at] = want.weight * np.exp((draws.of("weight", name) * 2 - 1) * math.log(FACTOR))
    total = np.zeros(len(draws))
    for one in drawn:
        total += one
    return drawn / total


def sample(requirement: Requirement, found: Sequence[Contender], draws: Draws) -> tuple[Podium, int]:
    """Rank the contenders in every draw; equals stand in the shortlist's order, in which they are given.

    Whoever could not come among the first by his best worths is not drawn for, to the same result. Where doubt is so
    wide that `MOST_DRAWN` are not enough, the last of the order are left out; returned is how many.
    """
    weights = sampled_weights(requirement, draws)
    podium, drawn, left_out = Podium(FIRST, len(draws)), 0, 0
    for site, one in enumerate(found):
        if not podium.open_to(scores(weights, one.best, one)):
            continue
        if drawn == MOST_DRAWN:
            left_out += 1
            continue
        drawn += 1
        meets, worths = one.drawn(requirement, draws)
        podium.enter(site, np.where(meets, scores(weights, worths, one), -np.inf))
    return podium, left_out


def scores(weights: Floats, worths: Sequence[Floats] | Floats, one: Contender) -> Floats:
    """Return the score of a site in each draw, 0..1; what joining parcels takes off ends at nought."""
    points = weighed(weights, worths)
    return np.maximum(points + one.off / 100, 0.0) if one.off else points


def weighed(weights: Floats, worths: Sequence[Floats] | Floats) -> Floats:
    """Add up weight x worth, want by want: a greater worth never scores less, to the last bit."""
    points = np.zeros(weights.shape[1])
    for weight, worth in zip(weights, worths, strict=True):
        points += weight * worth
    return points


def chance(count: int, of: int = DRAWS) -> Json:
    """Return a share of draws with its 95 % interval.

    >>> chance(1000, 2000)
    {'chance': 0.5, 'low': 0.47811, 'high': 0.52189}
    """
    share, z2 = count / of, Z * Z / of
    middle, half = (share + z2 / 2) / (1 + z2), Z / (1 + z2) * math.sqrt(share * (1 - share) / of + z2 / 4 / of)
    low, high = (0.0 if count == 0 else middle - half), (1.0 if count == of else middle + half)
    return {"chance": round(share, 5), "low": round(low, 5), "high": round(high, 5)}


def swap(candidates: Sequence[Mapping[str, Any]], requirement: Requirement) -> Json | None:
    """Say to what the weight of each want alone would have to change for the first two to change places.

    The second is before the first where its points are above nought, at which floors end, and more than the first's.
    Times the sum of weights both are sums of weight x worth: straight lines in one weight, solved for nought. None of
    a want: no weight that a requirement may give it does it. Without wants, or where the second has more unknown
    musts, no weight can.
    """
    if len(candidates) < 2 or not requirement.want:
        return None
    one, other = candidates[:2]
    told: Json = {"of": [one["id"], other["id"]], "possible": one["unknown_musts"] == other["unknown_musts"]}
    if not told["possible"]:
        return {**told, "wants": []}
    weights = [want.weight for want in requirement.want.values()]
    mine, its = _worths(one), _worths(other)
    ahead = [there - here for here, there in zip(mine, its, strict=True)]
    left, lead = _sum(weights, its), _sum(weights, ahead)
    wants = [
        _level(name, weight, (rise, lead), (worth, left))
        for name, weight, rise, worth in zip(requirement.want, weights, ahead, its, strict=True)
    ]
    return {**told, "possible": any(want["level_at"] is not None for want in wants), "wants": wants}


def _worths(candidate: Mapping[str, Any]) -> list[float]:
    """Return the worst worth of each want, and in each what is taken off whatever is wanted (of an assembly)."""
    off = math.fsum(one["points"] for one in candidate.get("penalties", ())) / 100
    return [want["worth"][0] + off for want in candidate["wants"]]


def _sum(weights: Sequence[float], worths: Sequence[float]) -> float:
    """Add up weight x worth; what only rounding keeps from nought is nought."""
    total = math.fsum(weight * worth for weight, worth in zip(weights, worths, strict=True))
    return total if abs(total) > SLACK * math.fsum(weights) else 0.0


def _level(name: str, weight: float, ahead: Line, left: Line) -> Json:
    """Say beyond which weight both lines are above nought."""
    low, high = LIGHTEST, HEAVIEST
    for rise, height in (ahead, left):
        level = weight - height / rise if rise else math.copysign(math.inf, -height) if height else math.inf
        low, high = (max(low, level), high) if rise >= 0 else (low, min(high, level))
    told: Json = {"attribute": name, "weight": weight, "level_at": None}
    if low >= high:
        return told
    below = weight - low > high - weight
    level = high if below else low
    return {**told, "level_at": level, "change": level - weight, "swaps": "below" if below else "above"}
