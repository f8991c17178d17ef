"""The lines of an evaluation as rows of text, for a terminal and for the page."""

from collections.abc import Sequence
from typing import Any

from sfumato.evaluate.copies import verdict

HEADS = ("measure", "of", "n", "made", "real", "made - real, or x made / real", "")


def cells(line: dict[str, Any]) -> tuple[str, ...]:
    """One line of an evaluation.json as the columns of HEADS."""
    against = signed(line["difference"]) if "difference" in line else times(line["share"])
    numbers = (plain(line["made"]), plain(line["real"]), against)
    return (line["measure"], line["part"], str(line["pictures"]), *numbers, line["verdict"] or "")


def plain(estimate: Sequence[float | None] | None) -> str:
    """value [low, high], with as many digits as can matter; a dash where there is none."""
    return spelled(estimate, "{:.4g}")


def signed(estimate: Sequence[float | None] | None) -> str:
    """A difference."""
    return spelled(estimate, "{:+.4g}")


def times(estimate: Sequence[float | None] | None) -> str:
    """A quotient."""
    text = spelled(estimate, "{:.3g}")
    return text if text == "-" else f"x {text}"


def spelled(estimate: Sequence[float | None] | None, form: str) -> str:
    """value [low, high] in a number format."""
    if estimate is None or estimate[0] is None:
        return "-"
    value, low, high = estimate
    bracket = "" if low is None or high is None else f" [{form.format(low)}, {form.format(high)}]"
    return form.format(value) + bracket


def about_copies(copies: dict[str, Any]) -> str:
    """What was found of copies, in one line, and where nobody looked for them."""
    missing = copies.get("not_searched")
    bound = f"at most {copies['upper_bound_percent']:.2f} % with 95 % confidence"
    return (
        f"nearer to a train picture than 99 % of real ones are: {copies['below']} of {copies['outputs']} "
        f"({copies['share_percent']:.2f} %, {bound}; real 1 %): {verdict(copies)}; "
        f"planted copies caught: {copies['planted_caught']} of {copies['planted']}"
        + (f"; trained on, but not searched: {', '.join(missing)}" if missing else "")
    )


def about_cost(cost: dict[str, Any] | None) -> str:
    """What a picture cost, in one line."""
    if cost is None:
        return "nobody counted what drawing cost"
    memory = f", {cost['memory_mb']:.0f} MB at most" if cost["memory_mb"] else ""
    threads = f", threads: {cost['engine']['threads']}" if "threads" in cost["engine"] else ""
    return (
        f"a picture: {cost['seconds_per_picture']:.2f} s, {cost['evaluations_per_picture']:.0f} network evaluations"
        f"{memory} (on {cost['engine'].get('device', 'an unknown device')}{threads})"
    )
