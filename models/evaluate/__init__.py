"""How good a run is, beside the baselines it has to beat."""

from comicdata.models.evaluate.contest import Evaluation, evaluate, write_evaluation

__all__ = ["Evaluation", "evaluate", "write_evaluation"]
