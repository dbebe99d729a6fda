"""What the options of every network have in common: one frozen dataclass a network, which builds it and refuses what
cannot be built.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from comicdata.errors import UsageError
from comicdata.models.networks.layers import GROUPS, Norm

LARGEST_WIDTH = 4096  # of any layer, in channels


@dataclass(frozen=True)
class NetworkOptions:
    """All that builds a network and weighs its losses.

    `fixed` names what is no option, because the model decides it (dotted where it lies in options inside). Of the
    network's weights, by how their names begin: `comic_parts` know the colours of one comic, and start afresh with
    another; `optional_parts`, each with a word for people, are there or not as options say. `most_looks`: at each
    window, beyond which more were measured to do harm; 0 where nobody measured it.
    """

    fixed: ClassVar[frozenset[str]] = frozenset()
    comic_parts: ClassVar[tuple[str, ...]] = ()
    optional_parts: ClassVar[Mapping[str, str]] = {}
    most_looks: ClassVar[int] = 0

    @property
    def multiple(self) -> int:
        """Height and width of an input are multiples of this."""
        raise NotImplementedError

    @property
    def is_adversarial(self) -> bool:
        """Whether a discriminator takes part in training."""
        return False

    @property
    def takes_hints(self) -> bool:
        return False

    @property
    def spreads_hints(self) -> bool:
        """Whether the network is told what hints spread to (spreading.py) instead of the hints as they are drawn."""
        return False

    @property
    def learns_from_others(self) -> bool:
        """Whether the network learns from panels of one series side by side (references.py)."""
        return False

    @property
    def largest_zoom(self) -> float:
        """How many times the windows that the network learns from are enlarged, at most."""
        return 1.0

    @property
    def sees_features(self) -> bool:
        """Whether the loss compares features of VGG16."""
        return False

    @property
    def reads(self) -> tuple[str, ...]:
        """The stages whose weights the network learns from."""
        return ()

    @property
    def files(self) -> tuple[str, ...]:
        """What a run of this network keeps beside its weights."""
        return ()

    @property
    def idle(self) -> frozenset[str]:
        """Options that do nothing as the others stand (dotted where they lie in options inside)."""
        return frozenset()

    def build(self) -> nn.Module:
        """The network, freshly initialised from torch's random numbers."""
        raise NotImplementedError


def require(name: str, value: object, fits: bool, wanted: str) -> None:
    """UsageError unless an option fits: "width 7: a multiple of 8 is expected"."""
    if not fits:
        shown = f"{value:g}" if isinstance(value, float) else value
        raise UsageError(f"{name} {shown}: {wanted} is expected")


def require_width(name: str, width: int, norm: Norm = "none", doublings: int = 0) -> None:
    """A number of channels that a layer can have, also after so many doublings; its normalisation divides them."""
    require(name, width, 0 < width <= LARGEST_WIDTH, f"a number of channels from 1 to {LARGEST_WIDTH}")
    widths = [width * 2**times for times in range(doublings + 1)] if norm == "group" else []
    fits = all(one % min(GROUPS, one) == 0 for one in widths)
    require(name, width, fits, f"1, 2, 4 or a multiple of {GROUPS} (groups of its normalisation)")


def require_share(name: str, value: float, *, below_one: bool = False) -> None:
    """A share: from 0 to 1, or below 1."""
    fits = 0 <= value < 1 if below_one else 0 <= value <= 1
    require(name, value, fits, "a share from 0 to below 1" if below_one else "a share from 0 to 1")


def require_weight(name: str, value: float) -> None:
    """The weight of a loss."""
    require(name, value, 0 <= value <= 1e6, "a weight from 0 to 1e6")
