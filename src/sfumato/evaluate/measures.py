"""The lines of an evaluation, one function a measure: made pictures against the ground, with real ones beside them.

Where prompts have several seeds, KID, FD and style accuracy are means over the seeds, in every part: the number is of
the same thing, and more certain. The other measures are of the first seed.
"""

import numpy as np
from jaxtyping import Bool, Float, Float64

from sfumato.evaluate.frechet import frechet
from sfumato.evaluate.ground import Ground
from sfumato.evaluate.interval import Counts, Estimate, families_in, groups_of, jackknife, of_mean, of_ratio, of_share
from sfumato.evaluate.kid import over_seeds, thousandths
from sfumato.evaluate.line import Line, difference
from sfumato.evaluate.neighbours import neighbours
from sfumato.evaluate.pairs import parts_of, styles_of
from sfumato.evaluate.retrieval import Search, ranks, search_of
from sfumato.evaluate.styles import rooted, train_styles

KID = "KID-EffLite0 x 1000"
FD = "FD-EffLite0"
Found = Float[np.ndarray, "n d"]
"""Features of the made pictures, in the order of the ground's rows."""

Seeds = Float[np.ndarray, "s n d"]
"""The same of each seed."""

Hits = Bool[np.ndarray, " n"]


def parts(ground: Ground) -> dict[str, Bool[np.ndarray, " n"]]:
    """All rows, then what is reported apart, then each style."""
    everything = {"all": np.ones(len(ground.rows), bool)}
    return everything | parts_of(ground.rows) | {f"style {name}": m for name, m in styles_of(ground.rows).items()}


def kid_lines(ground: Ground, made: Seeds) -> list[Line]:
    """KID of made pictures, and of train pictures of the same number and style mix, against the same real ones."""
    lines = []
    families, floor = np.array(ground.families), ground.train[ground.floor]
    for part, mask in parts(ground).items():
        counts, count = ground.counts[:, mask], len(set(families[mask].tolist()))
        found, each = over_seeds(list(made[:, mask]), ground.real[mask], families[mask].tolist(), counts)
        real, each_real = thousandths(floor[mask], ground.real[mask], families[mask].tolist(), counts)
        gap, n = difference(found, each, real, each_real), len(made) * int(mask.sum())
        lines.append(Line(measure=KID, part=part, pictures=n, families=count, made=found, real=real, against=gap))
    return lines


def fd_lines(ground: Ground, made: Seeds) -> list[Line]:
    """FD of the same sets. The interval is of FD at a seed's number of pictures: its bias is on both sides alike."""
    lines = []
    families, floor = np.array(ground.families), ground.train[ground.floor]
    for part, mask in parts(ground).items():
        group, count = groups_of(families[mask].tolist()), len(set(families[mask].tolist()))
        kept = [np.ones(len(group), bool), *(group != g for g in range(group.max() + 1))]
        distances = [
            np.mean([[frechet(side[keep], ground.real[mask][keep]) for keep in kept] for side in sides], axis=0)
            for sides in (list(made[:, mask]), [floor[mask]])
        ]
        found, real, gap = (
            jackknife(float(values[0]), values[1:]) for values in (*distances, distances[0] - distances[1])
        )
        n = len(made) * int(mask.sum())
        lines.append(Line(measure=FD, part=part, pictures=n, families=count, made=found, real=real, against=gap))
    return lines


def neighbour_lines(ground: Ground, made: Seeds) -> list[Line]:
    """Precision, recall, density and coverage; for real pictures those of the floor."""
    found, real = neighbours(made[0], ground.real), neighbours(ground.train[ground.floor], ground.real)
    names = ("precision", "recall", "coverage")
    lines = [rate(name, getattr(found, name), getattr(real, name), ground.counts) for name in names]
    near, reached = (of_mean(side.density, ground.counts) for side in (found, real))
    share = of_ratio(found.density, real.density, ground.counts)
    return [*lines, share_line("density", "all", near, reached, share, ground.counts)]


def retrieval_lines(ground: Ground, made: Seeds) -> list[Line]:
    """How often the first, and one of the first five, of 200 train pictures is of the right concept."""
    return found_lines(ground, made[0], search_of(ground.rows, ground.train_rows[: ground.main]))


def found_lines(ground: Ground, made: Found, search: Search | None) -> list[Line]:
    """The same with a search that is given; no lines where there is none."""
    if search is None:
        return []
    counts = ground.counts[:, search.queries]
    found, real = ranks(search, made, ground.train), ranks(search, ground.real, ground.train)
    name = f"concept among {search.size}"
    return [rate(f"{name}, top-{k}", found < k, real < k, counts) for k in (1, 5)]


def style_lines(ground: Ground, made: Seeds) -> list[Line]:
    """How often a classifier of train pictures names the style that was asked for; all, then each style."""
    styles = [row.style for row in ground.train_rows[: ground.main]]
    classifier = train_styles(rooted(ground.train[: ground.main]), styles)
    if classifier is None:
        return []
    asked = np.array([row.style for row in ground.rows])
    found = np.stack([np.array(classifier(rooted(x))) == asked for x in made])
    real = np.array(classifier(rooted(ground.real))) == asked
    return [
        rate("style accuracy", found[:, mask], real[mask], ground.counts[:, mask], part)
        for part, mask in parts(ground).items()
    ]


def rate(measure: str, made: Hits | Bool[np.ndarray, "s n"], real: Hits, counts: Counts, part: str = "all") -> Line:
    """A share of pictures in percent, of one seed or of several, and as a share of what real pictures reach."""
    seeds = made if made.ndim == 2 else made[None]
    a, b = percent(seeds).mean(axis=0), percent(real)
    found, reached = of_share(a, counts, 100.0), of_share(b, counts, 100.0)
    return share_line(f"{measure}, %", part, found, reached, of_ratio(a, b, counts), counts, len(seeds))


def share_line(
    measure: str, part: str, made: Estimate, real: Estimate, share: Estimate, counts: Counts, seeds: int = 1
) -> Line:
    """A line of made / real where more is better."""
    return Line(
        measure=measure,
        part=part,
        pictures=seeds * counts.shape[1],
        families=families_in(counts),
        made=made,
        real=real,
        against=share,
        kind="share",
        lower=False,
    )


def percent(hits: Bool[np.ndarray, "*n"]) -> Float64[np.ndarray, "*n"]:
    """100 for a hit."""
    return 100.0 * hits.astype(np.float64)


MEASURES = (kid_lines, fd_lines, neighbour_lines, retrieval_lines, style_lines)


def measure(ground: Ground, made: Seeds) -> list[Line]:
    """All lines that need nothing but the features of the pictures, by seeds."""
    return [line for lines_of in MEASURES for line in lines_of(ground, made)]
