"""One training step in plain PyTorch: the losses, the descent, the moving average; and all that a resume needs.

The seam between the road (loop.py) and the networks: a learner says `build` (generator, discriminator or None), `terms`
(weighted losses of one batch), `measure` (validation numbers, `best_by` naming the one that decides) and `show` (one
picture for the sample grid). CONTRIBUTING.md says how to add one.

`step`, `tensors`, `load` and `weights` are written once, here: seeds, gradient accumulation, several processes, the
moving average, the guard against NaN, exact resume. The rule for `terms`: random numbers only from torch's default
stream; the discriminator only through `against_discriminator`; normalisation within one sample (group, instance), so
that a batch cut into parts or spread over processes has the gradient of the whole.
"""

import copy
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from comicdata.errors import DivergedError, IntegrityError
from comicdata.images import Image
from comicdata.models.data.hints import Conditions
from comicdata.models.data.pairs import Batch, PairDataset
from comicdata.models.networks.layers import to_range
from comicdata.models.runs.settings import TrainConfig, is_adversarial, learning_rate
from comicdata.models.train.parallel import Processes

Terms = dict[str, Tensor]
ALONE = Processes()
NAMED = 8  # pairs in a message


class Learner:
    """A generator, perhaps a discriminator, the moving average of the first, and their optimizers.

    `run` is the folder of the run or stage, beside those of the stages it reads. `tensors` and `load` hold all of it.
    `best_by`: the number of `measure` that decides which weights are best, the smaller the better. `sources`: hashes
    of other stages' weights that the terms read.
    """

    best_by: str = "l1_off_line"

    def __init__(self, config: TrainConfig, device: torch.device, run: Path) -> None:
        torch.manual_seed(seed_of(config.seed, "initial weights"))
        self.config = config
        self.device = device
        self.processes = ALONE
        self.sources: dict[str, str] = {}
        generator, discriminator = self.build()
        self.networks = {"generator": _placed(generator, device)}
        if discriminator is not None:
            self.networks["discriminator"] = _placed(discriminator, device)
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.optimizers = {name: self._adam(network) for name, network in self.networks.items()}
        self._called = {name: _compiled(network, config.compile) for name, network in self.networks.items()}
        self._share = 1.0  # of one part in its batch
        self._teaches_only = False

    def build(self) -> tuple[nn.Module, nn.Module | None]:
        """The generator, and a discriminator where there is one, freshly initialised."""
        return self.config.network.build(), None

    @torch.no_grad()
    def take_over(self, tensors: dict[str, Tensor]) -> None:
        """Put weights of another run, by name, in the place of random ones, before any step."""
        for network in (self.generator, self.average):
            own = dict(network.named_parameters())
            for name, value in tensors.items():
                own[name].copy_(value)

    def look_at(self, data: PairDataset) -> None:
        """What is learned of the pairs before any step; a run that goes on has it in its state."""

    def files(self) -> dict[str, bytes]:
        """What the run keeps beside the weights, by name: `NetworkOptions.files`."""
        return {}

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        """The weighted terms that the generator minimises, and others to log. Outline and truth are in [-1, 1]."""
        raise NotImplementedError

    def measure(self, judged: PairDataset, chosen: Sequence[int]) -> dict[str, float | None]:
        """Validation numbers of the moving average on the chosen pairs."""
        raise NotImplementedError

    def opening(self) -> list[str]:
        """What people are told before the first step, when the pairs were looked at."""
        return []

    def remarks(self, losses: Mapping[str, float]) -> list[str]:
        """What is worth a word at the end, by the losses of the last rows."""
        return []

    def show(self, judged: PairDataset, index: int) -> Image:
        """What the moving average makes of one pair, (size, size, 3)."""
        raise NotImplementedError

    @property
    def generator(self) -> nn.Module:
        return self.networks["generator"]

    def generate(self, condition: Tensor) -> Tensor:
        """The generator's output in float32; compiled where the options say so."""
        (output,) = self.generate_all(condition)
        return output

    def generate_all(self, *conditions: Tensor | None) -> tuple[Tensor, ...]:
        """The same of a generator that gives several."""
        with self.autocast():
            made: Tensor | tuple[Tensor, ...] = self._called["generator"](*conditions)
        return tuple(one.float() for one in ((made,) if isinstance(made, Tensor) else made))

    @property
    def discriminator(self) -> nn.Module:
        return self.networks["discriminator"]

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        rate, betas = self.config.lr, (self.config.beta1, self.config.beta2)
        return torch.optim.Adam(network.parameters(), rate, betas, fused=self.device.type == "cuda")

    def step(self, batch: Batch, images: int) -> dict[str, float]:
        """Learn from one batch, this process's share of it; returns the weighted terms, means over the whole batch.

        With `accumulate` the batch goes through in parts, which takes the memory of one. The discriminator learns from
        all parts before the generator does, so the generator runs once more: the sums are those of the whole batch, up
        to rounding and the dropout drawn. DivergedError when a term is not finite.
        """
        for optimizer in self.optimizers.values():
            optimizer.param_groups[0]["lr"] = learning_rate(self.config, images)
            optimizer.zero_grad(set_to_none=True)
        parts = batch.parts(self.config.accumulate)
        self._share = 1 / len(parts)
        sums: Terms = {}
        if len(parts) > 1 and "discriminator" in self.networks and is_adversarial(self.config, images):
            self._teach(parts, images, sums)
        for number, part in enumerate(parts):
            own, others = self._terms_of(part, images, number)
            self._backward(own)
            self._count(own | others, sums)
        values = self._finite(sums, batch.ids, images)
        self._descend("generator")
        self._move_average(images)
        return values

    def _terms_of(self, part: Batch, images: int, number: int) -> tuple[Terms, Terms]:
        """`terms` of one part of a batch, its random numbers its own."""
        alone = self.processes.count == 1 and self.config.accumulate == 1
        purpose = str(images) if alone else f"{images}:{self.processes.rank}:{number}"
        torch.manual_seed(seed_of(self.config.seed, purpose))
        outline = to_range(part.outline.to(self.device, non_blocking=True))
        truth = to_range(part.color.to(self.device, non_blocking=True))
        conditions = part.conditions.each(lambda each: each.to(self.device, non_blocking=True))
        return self.terms(outline, truth, conditions, images)

    def _teach(self, parts: Sequence[Batch], images: int, sums: Terms) -> None:
        """One step of the discriminator over all parts."""
        self._teaches_only = True
        with torch.no_grad():
            for number, part in enumerate(parts):
                self._count(self._terms_of(part, images, number)[1], sums)
        self._teaches_only = False
        self._descend("discriminator")

    def _count(self, terms: Terms, sums: Terms) -> None:
        for name, value in terms.items():
            sums[name] = sums.get(name, torch.zeros((), device=self.device)) + value.detach() * self._share

    def against_discriminator(self, condition: Tensor, truth: Tensor, output: Tensor) -> tuple[Tensor, Terms]:
        """Teach the discriminator truth from output; returns its logits on the output, and its own terms."""
        terms: Terms = {}
        if self._teaches_only or self.config.accumulate == 1:
            with torch.enable_grad():
                real, fake = self._judge(condition.repeat(2, 1, 1, 1), torch.cat([truth, output.detach()])).chunk(2)
                terms = self.discriminator_terms(real, fake)
                self._backward(terms)
            if self._teaches_only:
                return fake.detach(), terms
            self._descend("discriminator")
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
            logits: Tensor = self._called["discriminator"](condition, color)
        return logits.float()

    def _backward(self, terms: Terms) -> None:
        """Add the gradients of the terms, weighted by the share of this part."""
        (torch.stack(list(terms.values())).sum() * self._share).backward()  # type: ignore[no-untyped-call]

    def _descend(self, name: str) -> None:
        """One step against the gradients, averaged over the processes."""
        parameters = list(self.networks[name].parameters())
        self.processes.average([one.grad for one in parameters if one.grad is not None])
        if self.config.clip:
            nn.utils.clip_grad_norm_(parameters, self.config.clip)
        self.optimizers[name].step()

    def _finite(self, terms: Terms, ids: tuple[str, ...], images: int) -> dict[str, float]:
        """The terms as numbers, fetched from the device at once; DivergedError names the pairs otherwise."""
        means = torch.stack(list(terms.values()))
        own = means.clone()
        self.processes.average([means])
        numbers: list[float] = means.tolist()
        values = dict(zip(terms, numbers, strict=True))
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            blamed = ("of another process",) if bool(own.isfinite().all()) else ids
            more = f" and {len(blamed) - NAMED} more" if len(blamed) > NAMED else ""
            raise DivergedError(
                f"the loss {broken[0]} is {values[broken[0]]} after {images} images, at the pairs "
                f"{', '.join(blamed[:NAMED])}{more}; the last good state is kept: look at these pairs, or lower the "
                "rate (lr)"
            )
        return values

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
        """The moving average: what colorizes. DivergedError when any of it is not finite."""
        return _all_finite({name: value.detach() for name, value in self.average.named_parameters()})

    def tensors(self) -> dict[str, Tensor]:
        """All that a step reads and changes, by name. DivergedError when any of it is not finite."""
        named = dict(self._parameters())
        for name, optimizer in self.optimizers.items():
            for key, parameter in self.networks[name].named_parameters():
                for part, value in optimizer.state.get(parameter, {}).items():
                    named[f"optimizer.{name}.{key}.{part}"] = value
        return _all_finite(named)

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
                if optimizer.defaults["fused"] and parts:
                    optimizer.state[parameter]["step"] = parts["step"].to(self.device)

    def _parameters(self) -> Iterator[tuple[str, Tensor]]:
        for name, network in (self.networks | {"average": self.average}).items():
            for key, value in network.named_parameters():
                yield f"{name}.{key}", value.detach()


def _all_finite(named: Terms) -> Terms:
    if not all(bool(torch.isfinite(value).all()) for value in named.values()):
        raise DivergedError("the weights are no longer finite; the last good state is kept: lower the rate (lr)")
    return named


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    """On the device, channels last: the faster layout for convolutions on both kinds of device."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _like(parameter: Tensor, value: Tensor) -> Tensor:
    """A part of the optimizer's state where Adam expects it: moments in the layout of the weights, counts as saved."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape and value.dim() else value


def _compiled(network: nn.Module, wanted: bool) -> Callable[..., Tensor]:
    """What is called instead of the network; its weights keep their names in the network itself."""
    return cast(Callable[..., Tensor], torch.compile(network) if wanted else network)


def seed_of(seed: int, purpose: str) -> int:
    """A stream of random numbers of its own for every purpose and image."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:7], "big")
