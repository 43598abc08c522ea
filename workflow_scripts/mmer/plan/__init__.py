"""The plan of a run: which file every step reads and writes, and what it is told.

Workflow rules stay thin because the answers are here: paths as strings, settings as JSON.  Each
module adds one concern to the one before: run, corpus, weights, models, systems, report.
"""

from mmer.plan.report import Plan
from mmer.plan.systems import flat

__all__ = ["Plan", "flat"]
