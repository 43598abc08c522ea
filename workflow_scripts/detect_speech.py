"""Find the speech span of every item of one speaker with inaSpeechSegmenter."""

from mmer.media.voice_activity import SpeechJob, detect_speech
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(SpeechJob, detect_speech, __doc__)
