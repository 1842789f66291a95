"""Options that several commands share, and how a command takes them."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from . import _cli_options as o
from ._branch_names import NAME
from ._edit_words import CUT_OFF, SCALE_RATINGS, WITH_LOAD, WITH_RATING, WITHOUT_BRANCH, WITHOUT_UNIT
from .errors import OptionError
from .network import Network


def taking(**groups: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose parameter ``name`` is what the group ``name=group`` makes of its own options.

    The options of the group stand in the place of the parameter, in the help too.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        members = {name: inspect.signature(group, eval_str=True).parameters for name, group in groups.items()}
        own = inspect.signature(command, eval_str=True).parameters
        parameters: list[inspect.Parameter] = []
        for name, parameter in own.items():
            shown = members[name].values() if name in members else [parameter]
            parameters += [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in shown]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            made = {
                name: group(**{one: given.pop(one) for one in members[name]}) for name, group in groups.items()
            }
            command(**given, **made)

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def assumptions(
    power_factor: o.PowerFactor = 0.95,
    contingencies: o.Contingencies = "n-1",
    balance: o.BalanceOption = "spare",
    balance_area: o.BalanceArea = None,
    rating_intact: o.RatingIntact = "A",
    rating_post: o.RatingPost = "B",
    attribution: o.Attribution = 0.03,
    attribution_voltage: o.AttributionVoltage = 0.005,
    voltage_band: o.BandOption = None,
    voltage_band_post: o.BandPostOption = None,
    voltage_change_max: o.VoltageChange = None,
    monitor_min_kv: o.MonitorMinKv = 0.0,
    q_limits: o.QLimits = True,
    certify: o.Certify = "screened",
    movable_units: o.MovableUnits = None,
    max_moved_mw: o.MaxMovedMw = None,
    tolerance: o.Tolerance = 1e-8,
    threads: o.Threads = None,
    progress: o.ProgressOption = True,
) -> dict[str, Any]:
    """What every study assumes, by the names of :func:`nodalroom.headroom`."""
    return dict(locals())


@dataclass(frozen=True)
class Edits:
    """What is changed in a case before it is used."""

    scale: float | None
    ratings: list[str]
    loads: list[str]
    branches: list[str]
    units: list[int]
    cut_off: str

    def of(self, net: Network) -> Network:
        """The network with the edits made, in the order in which they stand in the help."""
        if self.scale is not None:
            net = as_option(f"{SCALE_RATINGS} {self.scale:g}", lambda: net.with_ratings(factor=self.scale))
        for letter, ratings in self._rating_sets().items():
            net = as_option(WITH_RATING, lambda net=net, r=ratings, a=letter: net.with_ratings(r, a))  # type: ignore[misc]
        for text in self.loads:
            bus, mw, mvar = parts(WITH_LOAD, text, "BUS:MW or BUS:MW:MVAR, as in 8:20 or 8:20:6.5", (int, float, float))
            given = f"{WITH_LOAD} {text}"
            net = as_option(given, lambda net=net, b=bus, p=mw, q=mvar: net.with_load(b, p, q))  # type: ignore[misc]
        if self.branches or self.units:
            branches = [row_or_name(one) for one in self.branches] or None
            names = [flag for flag, rows in ((WITHOUT_BRANCH, self.branches), (WITHOUT_UNIT, self.units)) if rows]
            net = as_option(
                ", ".join(names),
                lambda: net.without(branches, self.units or None, cut_off=self.cut_off),  # type: ignore[arg-type]
            )
        return net

    def _rating_sets(self) -> dict[str, dict[int | str, float]]:
        found: dict[str, dict[int | str, float]] = {}
        for text in self.ratings:
            branch, mva, letter = rating_parts(text)
            rows = found.setdefault(letter.upper(), {})
            if branch in rows:
                what = f"row {branch}" if isinstance(branch, int) else branch
                raise OptionError(f"{WITH_RATING} {text}: {what} is named twice")
            rows[branch] = mva
        return found


def edits(
    scale_ratings: Annotated[
        float | None, typer.Option(SCALE_RATINGS, metavar="F", help="Every rating times this.", rich_help_panel=o.EDITS)
    ] = None,
    with_rating: Annotated[
        list[str] | None,
        typer.Option(
            WITH_RATING,
            metavar="BRANCH:MVA[:SET]",
            help="Another rating of a branch (as for --without-branch), of set A where none is named; "
            "may be repeated.",
            show_default=False,
            rich_help_panel=o.EDITS,
        ),
    ] = None,
    with_load: Annotated[
        list[str] | None,
        typer.Option(
            WITH_LOAD,
            metavar="BUS:MW[:MVAR]",
            help="A load more at a bus, of power factor 0.95 without MVAR; may be repeated.",
            show_default=False,
            rich_help_panel=o.EDITS,
        ),
    ] = None,
    without_branch: Annotated[
        list[str] | None,
        typer.Option(
            WITHOUT_BRANCH,
            metavar="BRANCH",
            help="This branch out of service: its 1-based row (info --branches lists them), or its buses "
            "as in 5-6, with the circuit where there are several as in 5-6:2; may be repeated.",
            show_default=False,
            rich_help_panel=o.EDITS,
        ),
    ] = None,
    without_unit: Annotated[
        list[int] | None,
        typer.Option(
            WITHOUT_UNIT,
            metavar="ROW",
            help="This unit (1-based generator row) out of service; may be repeated.",
            show_default=False,
            rich_help_panel=o.EDITS,
        ),
    ] = None,
    cut_off: Annotated[
        str,
        typer.Option(
            CUT_OFF,
            metavar="refuse|isolate",
            help="What becomes of load that no unit feeds, by these edits or in the file: refused, or dead.",
            autocompletion=o.one_of("refuse", "isolate"),
            rich_help_panel=o.EDITS,
        ),
    ] = "refuse",
) -> Edits:
    if cut_off not in ("refuse", "isolate"):
        raise OptionError(f"{CUT_OFF} {cut_off}; must be refuse or isolate")
    return Edits(
        scale_ratings, with_rating or [], with_load or [], without_branch or [], without_unit or [], cut_off
    )


def row_or_name(text: str) -> int | str:
    """What stands for a branch: a row, or a name such as 5-6 or 5-6:2."""
    try:
        return int(text)
    except ValueError:
        return text


def rating_parts(text: str) -> tuple[int | str, float, str]:
    """``11:200``, ``5-6:200``, ``5-6:2:200``, each with a set perhaps: the branch, MVA, the set."""
    words = text.split(":")
    letter = words.pop() if len(words) > 2 and words[-1].strip().isalpha() else "A"
    try:
        if not 2 <= len(words) <= (3 if "-" in words[0] else 2):
            raise ValueError
        branch, mva = row_or_name(":".join(words[:-1])), float(words[-1])
        if isinstance(branch, str) and not NAME.fullmatch(branch):
            raise ValueError
    except ValueError:
        form = "BRANCH:MVA or BRANCH:MVA:SET, as in 11:200, 11:200:B or 5-6:200"
        raise OptionError(f"{WITH_RATING} {text}; must be {form}") from None
    return branch, mva, letter.strip()


def parts(option: str, text: str, form: str, kinds: tuple[type, type, type]) -> tuple[Any, Any, Any]:
    """Two or three values with colons between them; None for a third that is not there."""
    words = text.split(":")
    try:
        if not 2 <= len(words) <= 3:
            raise ValueError
        values = [kind(word) for kind, word in zip(kinds, words, strict=False)]
    except ValueError:
        raise OptionError(f"{option} {text}; must be {form}") from None
    return values[0], values[1], values[2] if len(values) == 3 else None


#: What a call names its argument by before it says what is wrong with it; the option is named already.
ARGUMENT = re.compile(r"^(branch|unit|bus|ratings( [ABC], branch row)?): ")


def as_option(given: str, edit: Callable[[], Network]) -> Network:
    """The edit; what is wrong with it is said of the option."""
    try:
        return edit()
    except OptionError as error:
        problem = ARGUMENT.sub("", str(error)).replace("cut_off='isolate'", f"{CUT_OFF} isolate")
        raise OptionError(f"{given}: {problem}") from None
