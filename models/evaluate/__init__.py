"""How good a run is, beside the baselines it has to beat."""

from comicdata.models.evaluate.contest import Evaluation, evaluate, write_evaluation
from comicdata.models.evaluate.differences import differences

__all__ = ["Evaluation", "differences", "evaluate", "write_evaluation"]
