# A workflow of its own, for what comes after a run: its networks in one folder, and what they say of
# new recordings.  It reads a finished run by the configuration that lies beside it and repeats
# nothing of it.
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

SCRIPTS = Path(workflow.basedir).parent / "workflow_scripts"
sys.path.insert(0, str(SCRIPTS))

from mmer.prediction.planning import PredictionsPlan
from mmer.runtime.errors import UserError
from mmer.runtime.run_lock import hold_folders

try:
    # Names of files come through the environment: on a command line they would be read as YAML.
    FILES = shlex.split(os.environ.get("MMER_RECORDINGS", ""))
    PLAN = PredictionsPlan.read(config, FILES)
except (UserError, ValueError) as error:
    raise WorkflowError(str(error)) from None

os.environ.update(PLAN.environment(Path(sys.executable).parent, os.environ))

LOCKS = []


rule all:
    default_target: True
    input:
        [*PLAN.tables, PLAN.page] if PLAN.recordings else PLAN.export,


if PLAN.run is not None:

    rule export_run:
        input:
            PLAN.run.inputs,
        output:
            directory(PLAN.export),
        log:
            PLAN.log("export_run"),
        conda:
            "../envs/workflow.yaml"
        params:
            job=lambda w: PLAN.told_of_export(),
        shell:
            "python -m export_run {params.job:q} > {log:q} 2>&1"


# One job for all recordings, since loading networks takes longer than asking them.  What it said of
# a recording before is kept where nothing has changed.  Recordings are no inputs: their names may
# hold anything, also what is read as a wildcard.
if PLAN.recordings:

    rule predict_recordings:
        input:
            PLAN.export,
        output:
            [update(table) for table in PLAN.tables],
            page=PLAN.page,
        log:
            PLAN.log("predict_recordings"),
        conda:
            "../envs/workflow.yaml"
        threads: PLAN.threads
        params:
            job=lambda w: PLAN.told_of_predictions(),
            recordings=lambda w: PLAN.recordings_digest,
        shell:
            "python -m predict_recordings {params.job:q} > {log:q} 2>&1"


onstart:
    try:
        LOCKS.extend(hold_folders(written=[Path(PLAN.results)], read=[]))
    except UserError as error:
        raise WorkflowError(str(error)) from None
    for sentence in PLAN.warnings:
        print(sentence)


onsuccess:
    print(PLAN.said())


onerror:
    print(f"Not everything could be made: the messages are above and in {PLAN.results}/logs.")
