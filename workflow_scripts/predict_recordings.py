"""Say of recordings that are in no corpus what the networks of a finished run say of them."""

from mmer.prediction.job import PredictionJob, predict_recordings
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(PredictionJob, predict_recordings, __doc__)
