"""Pairs to a run: one loop, one learner per network."""

from comicdata.models.runs.overrides import resolve_config
from comicdata.models.train.loop import Progress, train

__all__ = ["Progress", "resolve_config", "train"]
