"""Write down the words of every item of one speaker."""

from mmer.media.words import WordsJob, prepare_text
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(WordsJob, prepare_text, __doc__)
