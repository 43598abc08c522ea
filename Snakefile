# Luna-Jiménez et al. 2021 on RAVDESS: raw videos in, every table and figure beside the paper's out.
# The configuration is checked here before anything runs; the rules lie by stage under rules/.
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

SCRIPTS = Path(workflow.basedir) / "workflow_scripts"
sys.path.insert(0, str(SCRIPTS))

from mmer.by_recording import BY_RECORDING
from mmer.configuration_check import check_configuration, registry_of
from mmer.media.weights_registry import read_registered
from mmer.plan import Plan
from mmer.plan.rules import model_rules
from mmer.plan.weights import SALIENCY, VOICE_ACTIVITY
from mmer.runtime.errors import UserError
from mmer.runtime.run_lock import hold_folders
from mmer.runtime.writing import writing


configfile: "config.yaml"


# Files named on the command line are laid over the one above, so they come last.
OVERLAYS = [Path(file) for file in workflow.config_settings.configfiles]

try:
    KINDS = registry_of(config, [Path("config.yaml"), *OVERLAYS])
    CONFIG = check_configuration(config, [Path("config.yaml"), *OVERLAYS], KINDS)
    REGISTERED = {
        **read_registered(Path(workflow.basedir) / "resources" / "weights.yaml"),
        **read_registered(Path(workflow.basedir) / "resources" / "published_posteriors.yaml"),
    }
    PLAN = Plan(CONFIG, KINDS, REGISTERED, SCRIPTS)
    PLAN.corpora.check()
    PLAN.models.check()
except UserError as error:
    raise WorkflowError(str(error)) from None

LAYOUT = PLAN.run.layout

# Where a job computes is no parameter of what it computes: it goes through the environment, so
# that another device or mirror re-runs nothing.
os.environ.update(PLAN.run.environment(Path(sys.executable).parent, os.environ))

# Held from the start of a run until its process ends.
LOCKS = []


wildcard_constraints:
    corpus=PLAN.corpora.pattern(),
    speaker=PLAN.corpora.speakers_pattern,
    variant="full|vad",
    split=PLAN.corpora.splits_pattern,
    repeat=f"({'|'.join(['', *CONFIG.repeats])})",
    pairing="|".join(CONFIG.fusion.pairings) or "none",
    inputs="|".join(CONFIG.fusion.inputs),
    place="|".join(map(re.escape, PLAN.weights.by_place)),
    record="[0-9]+",
    archive="|".join(re.escape(a.file) for a in PLAN.corpora.archives.values()) or "none",


report: "resources/captions/workflow.rst"


include: "rules/acquire.smk"
include: "rules/prepare.smk"
include: "rules/models.smk"
include: "rules/fusion.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        PLAN.report.outputs,


# Only a run that executes jobs comes here: no dry run, no report, no job of a run.
onstart:
    planned = [Path(file) for job in workflow.dag.needrun_jobs() for file in job.output]
    downloads = Path(CONFIG.data.downloads)
    fetches = any(file.is_relative_to(downloads) for file in planned)
    try:
        locks = hold_folders(
            written=[Path(LAYOUT.results), *([downloads] if fetches else [])],
            read=[] if fetches else [downloads],
        )
    except UserError as error:
        raise WorkflowError(str(error)) from None
    LOCKS.extend(locks)
    # With its limit of 100 jobs a second the scheduler sets a timer whenever it looks for jobs, and
    # looks again at every timer and every end of a job: timers add up to dozens of looks a second,
    # which take a quarter of a core from the jobs.  Nothing here needs that limit.
    limiter = workflow.scheduler.job_rate_limiter
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    headline = Path(LAYOUT.table("summary", "md"))
    if headline.exists():
        print(headline.read_text("utf-8"))


onerror:
    print(
        f"Not everything could be made: the messages are above and in {LAYOUT.results}/logs.  "
        "What is finished is kept; mend the cause and run the same command again."
    )
