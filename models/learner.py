"""One training step in plain PyTorch: the losses, the descent, the moving average; and all that a resume needs.

The seam between the road (train.py) and the models. A further model, of one stage or of several, brings:

- its options: a frozen dataclass with `multiple`, and an entry in settings.MODELS (presets of network and training,
  one `Stage` for each network, `after` naming the stages whose weights it reads);
- its network: networks.build_network makes it from those options, for training and for use alike;
- its learner: a subclass of `Learner`, chosen in stage_learners.make_learner, that says
  `build` (generator, discriminator or None), `terms` (weighted losses of one batch), `measure` (validation numbers,
  `best_by` naming the one that decides) and `show` (one picture for the sample grid);
- its colorizer, where a generator alone does not colour: a subclass of colorize.Colorizer.

`step`, `tensors`, `load` and `weights` are written once, here: seeds, gradient accumulation, several processes, the
moving average, the guard against NaN, exact resume. The rule for `terms`: random numbers only from torch's default
stream; the discriminator only through `against_discriminator`; normalisation within one sample (group, instance), so
that a batch cut into parts or spread over processes has the gradient of the whole.
"""

import copy
import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from comicdata.errors import DivergedError, IntegrityError
from comicdata.images import Image
from comicdata.models.auto_painter import ColorizerConfig, PatchGAN, UNet
from comicdata.models.colorize import Colorizer
from comicdata.models.data import Batch, PairDataset
from comicdata.models.layers import to_range
from comicdata.models.losses import discriminator_terms, generator_terms
from comicdata.models.metrics import measure
from comicdata.models.settings import TrainConfig, is_adversarial, learning_rate, options

Terms = dict[str, Tensor]


class Learner:
    """A generator, perhaps a discriminator, the moving average of the first, and their optimizers.

    `tensors` and `load` hold all of it. `best_by`: the number of `measure` that decides which weights are best, the
    smaller the better. `sources`: hashes of other stages' weights that the terms read.
    """

    best_by: str = "l1_off_line"
    clip: float | None = None  # largest norm of the generator's gradient

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        torch.manual_seed(seed_of(config.seed, "initial weights"))
        self.config = config
        self.device = device
        self.sources: dict[str, str] = {}
        generator, discriminator = self.build()
        self.networks = {"generator": _placed(generator, device)}
        if discriminator is not None:
            self.networks["discriminator"] = _placed(discriminator, device)
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.optimizers = {name: self._adam(network) for name, network in self.networks.items()}

    def build(self) -> tuple[nn.Module, nn.Module | None]:
        """The generator, and a discriminator where there is one, freshly initialised."""
        raise NotImplementedError

    def terms(self, outline: Tensor, truth: Tensor, images: int) -> tuple[Terms, Terms]:
        """The weighted terms that the generator minimises, and others to log. Both inputs are in [-1, 1]."""
        raise NotImplementedError

    def measure(self, judged: PairDataset, chosen: Sequence[int]) -> dict[str, float | None]:
        """Validation numbers of the moving average on the chosen pairs."""
        raise NotImplementedError

    def show(self, judged: PairDataset, index: int) -> Image:
        """What the moving average makes of one pair, (size, size, 3)."""
        raise NotImplementedError

    @property
    def generator(self) -> nn.Module:
        return self.networks["generator"]

    @property
    def discriminator(self) -> nn.Module:
        return self.networks["discriminator"]

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(network.parameters(), self.config.lr, (self.config.beta1, self.config.beta2))

    def step(self, batch: Batch, images: int) -> dict[str, float]:
        """Learn from one batch; returns the weighted terms of the losses. DivergedError when one is not finite."""
        torch.manual_seed(seed_of(self.config.seed, str(images)))
        for optimizer in self.optimizers.values():
            optimizer.param_groups[0]["lr"] = learning_rate(self.config, images)
        outline = to_range(batch.outline.to(self.device))
        truth = to_range(batch.color.to(self.device))
        own, others = self.terms(outline, truth, images)
        values = _finite(own | others, batch.ids, images)
        self._descend("generator", own)
        self._move_average(images)
        return values

    def against_discriminator(self, condition: Tensor, truth: Tensor, output: Tensor) -> tuple[Tensor, Terms]:
        """Teach the discriminator truth from output; returns its logits on the output, and its own terms."""
        real, fake = self._judge(condition.repeat(2, 1, 1, 1), torch.cat([truth, output.detach()])).chunk(2)
        terms = self.discriminator_terms(real, fake)
        self._descend("discriminator", terms)
        self.discriminator.requires_grad_(False)
        logits = self._judge(condition, output)
        self.discriminator.requires_grad_(True)
        return logits, terms

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> Terms:
        """What the discriminator minimises, from its logits on the truth and on the output."""
        raise NotImplementedError

    def _judge(self, condition: Tensor, color: Tensor) -> Tensor:
        """Logits in float32: cross entropy does not survive bfloat16."""
        with self.autocast():
            logits: Tensor = self.discriminator(condition, color)
        return logits.float()

    def _descend(self, name: str, terms: Terms) -> None:
        self.optimizers[name].zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
        if self.clip is not None and name == "generator":
            nn.utils.clip_grad_norm_(self.generator.parameters(), self.clip)
        self.optimizers[name].step()

    def autocast(self) -> torch.autocast:
        """bfloat16 on CUDA only: without its own instructions a processor is slower with it than without."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    @torch.no_grad()
    def _move_average(self, images: int) -> None:
        """Exponential moving average; young averages forget faster, so that the first weights do not linger."""
        steps = images // self.config.batch_size
        keep = min(self.config.ema, (1 + steps) / (10 + steps))
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)

    def weights(self) -> dict[str, Tensor]:
        """The moving average: what colorizes."""
        return {name: value.detach() for name, value in self.average.named_parameters()}

    def tensors(self) -> dict[str, Tensor]:
        """All that a step reads and changes, by name. DivergedError when any of it is not finite."""
        named = dict(self._parameters())
        for name, optimizer in self.optimizers.items():
            for key, parameter in self.networks[name].named_parameters():
                for part, value in optimizer.state.get(parameter, {}).items():
                    named[f"optimizer.{name}.{key}.{part}"] = value
        if not all(bool(torch.isfinite(value).all()) for value in named.values()):
            raise DivergedError("the weights are no longer finite; the last good state is kept: lower the rate (lr)")
        return named

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` returned; IntegrityError when names or shapes are of another network."""
        own = dict(self._parameters())
        if any(name not in tensors or tensors[name].shape != value.shape for name, value in own.items()):
            raise IntegrityError("the saved state belongs to another network than the options describe")
        for name, value in own.items():
            value.copy_(tensors[name])
        for name, optimizer in self.optimizers.items():
            for key, parameter in self.networks[name].named_parameters():
                prefix = f"optimizer.{name}.{key}."
                parts = {one.removeprefix(prefix): tensors[one] for one in tensors if one.startswith(prefix)}
                optimizer.state[parameter] = {part: _like(parameter, value) for part, value in parts.items()}

    def _parameters(self) -> Iterator[tuple[str, Tensor]]:
        for name, network in (self.networks | {"average": self.average}).items():
            for key, value in network.named_parameters():
                yield f"{name}.{key}", value.detach()


class AdversarialLearner(Learner):
    """Auto-painter and pix2pix: outline to colour, judged patch by patch."""

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        super().__init__(config, device)
        self.colorizer = Colorizer(self.average, options(config), device)

    @property
    def network(self) -> ColorizerConfig:
        return cast(ColorizerConfig, self.config.network)

    def build(self) -> tuple[nn.Module, nn.Module | None]:
        return UNet(self.network), PatchGAN(self.network)

    def terms(self, outline: Tensor, truth: Tensor, images: int) -> tuple[Terms, Terms]:
        with self.autocast():
            output = self.generator(outline)
        output = output.float()
        logits: Tensor | None = None
        others: Terms = {}
        if is_adversarial(self.config, images):
            logits, others = self.against_discriminator(outline, truth, output)
        return generator_terms(self.network, output, truth, logits=logits), others

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> Terms:
        return discriminator_terms(self.network, real, fake)

    def measure(self, judged: PairDataset, chosen: Sequence[int]) -> dict[str, float | None]:
        return measure(self.colorizer.colorize, judged, chosen)

    def show(self, judged: PairDataset, index: int) -> Image:
        return self.colorizer.colorize(judged.outline(index))


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    """On the device, channels last: the faster layout for convolutions on both kinds of device."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _like(parameter: Tensor, value: Tensor) -> Tensor:
    """A part of the optimizer's state where Adam expects it: moments in the layout of the weights, counts as saved."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape and value.dim() else value


def _finite(terms: Terms, ids: tuple[str, ...], images: int) -> dict[str, float]:
    """The terms as numbers, fetched from the device at once; DivergedError names the pairs otherwise."""
    numbers: list[float] = torch.stack([value.detach() for value in terms.values()]).tolist()
    values = dict(zip(terms, numbers, strict=True))
    broken = [name for name, value in values.items() if not math.isfinite(value)]
    if broken:
        raise DivergedError(
            f"the loss {broken[0]} is {values[broken[0]]} after {images} images, at the pairs {', '.join(ids)}; the "
            "last good state is kept: look at these pairs, or lower the rate (lr)"
        )
    return values


def seed_of(seed: int, purpose: str) -> int:
    """A stream of random numbers of its own for every purpose and image."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:7], "big")
