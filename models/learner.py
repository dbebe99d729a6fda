"""One adversarial training step: discriminator, then generator, then its moving average, in plain PyTorch."""

import copy
import hashlib
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from comicdata.errors import DivergedError, IntegrityError
from comicdata.models.auto_painter import PatchGAN, UNet
from comicdata.models.data import Batch
from comicdata.models.layers import to_range
from comicdata.models.losses import discriminator_terms, generator_terms
from comicdata.models.settings import TrainConfig, is_adversarial, learning_rate


class AdversarialLearner:
    """Generator, discriminator, moving average and optimizers; `tensors` and `load` hold all of it."""

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        torch.manual_seed(_seed(config.seed, "initial weights"))
        self.config = config
        self.device = device
        self.generator = _placed(UNet(config.network), device)
        self.discriminator = _placed(PatchGAN(config.network), device)
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.optimizers = {name: self._adam(getattr(self, name)) for name in ("generator", "discriminator")}

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        return torch.optim.Adam(network.parameters(), self.config.lr, (self.config.beta1, self.config.beta2))

    def step(self, batch: Batch, images: int) -> dict[str, float]:
        """Learn from one batch; returns the weighted terms of the losses. DivergedError when one is not finite."""
        torch.manual_seed(_seed(self.config.seed, str(images)))
        for optimizer in self.optimizers.values():
            optimizer.param_groups[0]["lr"] = learning_rate(self.config, images)
        outline = to_range(batch.outline.to(self.device))
        truth = to_range(batch.color.to(self.device))
        with self._autocast():
            output = self.generator(outline)
        output = output.float()
        terms: dict[str, Tensor] = {}
        logits = None
        if is_adversarial(self.config, images):
            terms |= self._learn_discriminator(outline, truth, output.detach())
            self.discriminator.requires_grad_(False)
            logits = self._judge(outline, output)
            self.discriminator.requires_grad_(True)
        own_terms = generator_terms(self.config.network, output, truth, logits=logits)
        values = _finite(own_terms | terms, batch.ids, images)
        self._descend("generator", own_terms)
        self._move_average(images)
        return values

    def _learn_discriminator(self, outline: Tensor, truth: Tensor, output: Tensor) -> dict[str, Tensor]:
        real, fake = self._judge(outline.repeat(2, 1, 1, 1), torch.cat([truth, output])).chunk(2)
        terms = discriminator_terms(self.config.network, real, fake)
        self._descend("discriminator", terms)
        return terms

    def _judge(self, outline: Tensor, color: Tensor) -> Tensor:
        """Logits in float32: cross entropy does not survive bfloat16."""
        with self._autocast():
            logits: Tensor = self.discriminator(outline, color)
        return logits.float()

    def _descend(self, name: str, terms: dict[str, Tensor]) -> None:
        self.optimizers[name].zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
        self.optimizers[name].step()

    def _autocast(self) -> torch.autocast:
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
        named = dict(self._networks())
        for name, optimizer in self.optimizers.items():
            for key, parameter in getattr(self, name).named_parameters():
                for part, value in optimizer.state.get(parameter, {}).items():
                    named[f"optimizer.{name}.{key}.{part}"] = value
        if not all(bool(torch.isfinite(value).all()) for value in named.values()):
            raise DivergedError("the weights are no longer finite; the last good state is kept: lower the rate (lr)")
        return named

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` returned; IntegrityError when names or shapes are of another network."""
        own = dict(self._networks())
        if any(name not in tensors or tensors[name].shape != value.shape for name, value in own.items()):
            raise IntegrityError("the saved state belongs to another network than the options describe")
        for name, value in own.items():
            value.copy_(tensors[name])
        for name, optimizer in self.optimizers.items():
            for key, parameter in getattr(self, name).named_parameters():
                prefix = f"optimizer.{name}.{key}."
                parts = {one.removeprefix(prefix): tensors[one] for one in tensors if one.startswith(prefix)}
                optimizer.state[parameter] = {part: _like(parameter, value) for part, value in parts.items()}

    def _networks(self) -> Iterator[tuple[str, Tensor]]:
        for name in ("generator", "discriminator", "average"):
            for key, value in getattr(self, name).named_parameters():
                yield f"{name}.{key}", value.detach()


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    """On the device, channels last: the faster layout for convolutions on both kinds of device."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _like(parameter: Tensor, value: Tensor) -> Tensor:
    """A part of the optimizer's state where Adam expects it: moments in the layout of the weights, counts as saved."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape and value.dim() else value


def _finite(terms: dict[str, Tensor], ids: tuple[str, ...], images: int) -> dict[str, float]:
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


def _seed(seed: int, purpose: str) -> int:
    """A stream of random numbers of its own for every purpose and image."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:7], "big")
