"""Write a finished run's networks into one folder, from which they say something anywhere."""

from mmer.prediction.export import ExportJob, export_run
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ExportJob, export_run, __doc__)
