"""The plan of a run: which file every step reads and writes, and what it is told.

Workflow rules stay thin because the answers are here.  Each part is made of those before it: run,
corpora, weights, models, systems, report.
"""

from mmer.plan.plan import Plan

__all__ = ["Plan"]
