"""The lines of an evaluation, one function a measure: made pictures against the ground, with real ones beside them."""

import numpy as np
from jaxtyping import Bool, Float, Float64

from sfumato.evaluate.frechet import frechet
from sfumato.evaluate.ground import Ground
from sfumato.evaluate.interval import Counts, Estimate, families_in, groups_of, jackknife, of_mean, of_ratio, of_share
from sfumato.evaluate.kid import thousandths
from sfumato.evaluate.line import Line, difference
from sfumato.evaluate.neighbours import neighbours
from sfumato.evaluate.pairs import parts_of, styles_of
from sfumato.evaluate.retrieval import Search, ranks, search_of
from sfumato.evaluate.styles import rooted, train_styles

KID = "KID-EffLite0 x 1000"
FD = "FD-EffLite0"
Found = Float[np.ndarray, "n d"]
"""Features of the made pictures, in the order of the ground's rows."""

Hits = Bool[np.ndarray, " n"]


def parts(ground: Ground) -> dict[str, Bool[np.ndarray, " n"]]:
    """All rows, then what is reported apart, then each style."""
    everything = {"all": np.ones(len(ground.rows), bool)}
    return everything | parts_of(ground.rows) | {f"style {name}": m for name, m in styles_of(ground.rows).items()}


def kid_lines(ground: Ground, made: Found) -> list[Line]:
    """KID of made pictures, and of train pictures of the same number and style mix, against the same real ones."""
    lines = []
    families, floor = np.array(ground.families), ground.train[ground.floor]
    for part, mask in parts(ground).items():
        counts, count = ground.counts[:, mask], len(set(families[mask].tolist()))
        found, each = thousandths(made[mask], ground.real[mask], families[mask].tolist(), counts)
        real, each_real = thousandths(floor[mask], ground.real[mask], families[mask].tolist(), counts)
        gap = difference(found, each, real, each_real)
        lines.append(
            Line(measure=KID, part=part, pictures=int(mask.sum()), families=count, made=found, real=real, against=gap)
        )
    return lines


def fd_lines(ground: Ground, made: Found) -> list[Line]:
    """FD of the same sets. The interval is of FD at this number of pictures: its bias is on both sides alike."""
    lines = []
    families, floor = np.array(ground.families), ground.train[ground.floor]
    for part, mask in parts(ground).items():
        group, count = groups_of(families[mask].tolist()), len(set(families[mask].tolist()))
        sides = (made[mask], floor[mask])
        whole = np.array([frechet(side, ground.real[mask]) for side in sides])
        without = np.array(
            [
                [frechet(side[group != g], ground.real[mask][group != g]) for side in sides]
                for g in range(group.max() + 1)
            ]
        )
        found, real = (jackknife(float(whole[k]), without[:, k]) for k in (0, 1))
        gap = jackknife(float(whole[0] - whole[1]), without[:, 0] - without[:, 1])
        lines.append(
            Line(measure=FD, part=part, pictures=int(mask.sum()), families=count, made=found, real=real, against=gap)
        )
    return lines


def neighbour_lines(ground: Ground, made: Found) -> list[Line]:
    """Precision, recall, density and coverage; for real pictures those of the floor."""
    found, real = neighbours(made, ground.real), neighbours(ground.train[ground.floor], ground.real)
    names = ("precision", "recall", "coverage")
    lines = [rate(name, getattr(found, name), getattr(real, name), ground.counts) for name in names]
    near, reached = (of_mean(side.density, ground.counts) for side in (found, real))
    share = of_ratio(found.density, real.density, ground.counts)
    return [*lines, share_line("density", "all", near, reached, share, ground.counts)]


def retrieval_lines(ground: Ground, made: Found) -> list[Line]:
    """How often the first, and one of the first five, of 200 train pictures is of the right concept."""
    return found_lines(ground, made, search_of(ground.rows, ground.train_rows[: ground.main]))


def found_lines(ground: Ground, made: Found, search: Search | None) -> list[Line]:
    """The same with a search that is given; no lines where there is none."""
    if search is None:
        return []
    counts = ground.counts[:, search.queries]
    found, real = ranks(search, made, ground.train), ranks(search, ground.real, ground.train)
    name = f"concept among {search.size}"
    return [rate(f"{name}, top-{k}", found < k, real < k, counts) for k in (1, 5)]


def style_lines(ground: Ground, made: Found) -> list[Line]:
    """How often a classifier of train pictures names the style that was asked for; all, then each style."""
    styles = [row.style for row in ground.train_rows[: ground.main]]
    classifier = train_styles(rooted(ground.train[: ground.main]), styles)
    if classifier is None:
        return []
    asked = np.array([row.style for row in ground.rows])
    found, real = (np.array(classifier(rooted(x))) == asked for x in (made, ground.real))
    return [
        rate("style accuracy", found[mask], real[mask], ground.counts[:, mask], part)
        for part, mask in parts(ground).items()
    ]


def rate(measure: str, made: Hits, real: Hits, counts: Counts, part: str = "all") -> Line:
    """A share of pictures in percent, and as a share of what real pictures reach."""
    a, b = percent(made), percent(real)
    found, reached = of_share(a, counts, 100.0), of_share(b, counts, 100.0)
    return share_line(f"{measure}, %", part, found, reached, of_ratio(a, b, counts), counts)


def share_line(measure: str, part: str, made: Estimate, real: Estimate, share: Estimate, counts: Counts) -> Line:
    """A line of made / real where more is better."""
    return Line(
        measure=measure,
        part=part,
        pictures=counts.shape[1],
        families=families_in(counts),
        made=made,
        real=real,
        against=share,
        kind="share",
        lower=False,
    )


def percent(hits: Hits) -> Float64[np.ndarray, " n"]:
    """100 for a hit."""
    return 100.0 * hits.astype(np.float64)


MEASURES = (kid_lines, fd_lines, neighbour_lines, retrieval_lines, style_lines)


def measure(ground: Ground, made: Found) -> list[Line]:
    """All lines that need nothing but the features."""
    return [line for lines_of in MEASURES for line in lines_of(ground, made)]
