"""After a complete run and one change, exactly the stale jobs are planned (contract 4).

Expected jobs are written by rule and by wildcard values, so that too many fail as too few do.
"""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

import pytest

from .changes import (
    Change,
    all_of,
    awaiting,
    configured,
    edited,
    given,
    moved_aside,
    reformatted,
    rewritten,
    touched,
    with_another_clip,
    with_another_model,
    with_another_plugin,
    with_library,
    without,
)
from .planned_jobs import Jobs, jobs, read_plan, together
from .project import Project
from .stale_jobs import (
    BILSTM,
    CNN14,
    CONFIGURED,
    EMBEDDED,
    EVALUATED,
    FINE_TUNED_STN,
    FITTED,
    FROM_ITEMS,
    FUSED,
    READ_FROM_RECORDINGS,
    READ_FROM_SPANS,
    SALIENCY,
    SEQUENCES_READ,
    TRAINED_ON_PICTURES,
    prepared,
)
from .tiny import OWN_FAMILY, SPEAKERS, SPLITS, SYSTEMS, TINY

pytestmark = pytest.mark.slow

VAD_PLACE = (
    "github.com/ina-foss/inaSpeechSegmenter/releases/download/models/"
    "keras_speech_music_noise_cnn.hdf5"
)
SOURCES = (
    *("Snakefile", "config.yaml", "tiny.yaml", OWN_FAMILY, "config/*", "envs/*", "profiles/**/*"),
    *("resources/**/*", "rules/*", "workflow_scripts/**/*.py"),
)
ARCHIVE = "downloads/zenodo.org/records/1188976/files/Video_Speech_Actor_02.zip"
LIBRARY = "workflow_scripts/mmer"
NETWORKS = f"{LIBRARY}/models/networks"
MADE = "results/tiny"
HASH_OF_VAD = "f04b5e3c86fa2e81666d106b0867350fe7858c7bd006c2a74c27b5b45507e7d8"
STN_RATE = ("models", "stn_fine_tuned", "settings", "learning_rate")
CNN14_ITERATIONS = ("models", "cnn14_fine_tuned", "settings", "max_iterations")
LOGISTIC_C = ("fusion", "settings", "classifiers", "logistic_regression", "C")

MEANINGLESS = all_of(
    awaiting(touched, *SOURCES),
    awaiting(touched, ARCHIVE, "downloads/github.com/**/*"),
    edited(f"{NETWORKS}/cnn14.py", "from __f", "# a comment\nfrom __f"),
    edited(f"{LIBRARY}/training/fit.py", "One fit loop", "The one fit loop"),
    awaiting(rewritten, f"{NETWORKS}/spatial_transformer.py", reformatted),
    edited("resources/captions/groups.rst", ".", "!"),
    awaiting(given, "--cores", "1"),
    awaiting(with_library, "torch", metadata.version("torch")),
    # What is deleted is missed by nothing as long as nothing reads it again: disk may be freed.
    awaiting(without, f"{MADE}/prepared/audio/02.npz"),
    awaiting(without, f"{MADE}/prepared/speech/02.csv"),
    awaiting(without, f"{MADE}/predictions/panns_svc/vad/fold0.csv"),
)

USUAL: dict[str, tuple[Change, Jobs]] = {
    "much touched, reworded and deleted, and no meaning changed": (MEANINGLESS, {}),
    "a spatial transformer's learning rate": (
        awaiting(configured, *STN_RATE, value=0.0005),
        together(FINE_TUNED_STN, CONFIGURED),
    ),
    "a C value in the fusion grid": (
        awaiting(configured, *LOGISTIC_C, value=[1, 10]),
        together(FUSED, CONFIGURED),
    ),
    "the source of CNN-14": (
        edited(f"{NETWORKS}/cnn14.py", "= self.bn0(", "= 1.0 * self.bn0("),
        together(
            jobs("embed_cnn14_embedding", "panns_cnn14_embedding", "vad"),
            jobs("classify_support_vector", "panns_svc", "vad"),
            CNN14,
        ),
    ),
    "the source of a user's family": (
        edited(OWN_FAMILY, "CERTAINTY = 0.3", "CERTAINTY = 0.4"),
        together(jobs("insist_stubborn", "stubborn", "full"), EVALUATED),
    ),
    "one clip of one actor": (
        awaiting(with_another_clip, ARCHIVE),
        together(
            jobs("extract_speaker", "02"),
            jobs("list_items"),
            prepared("02"),
            READ_FROM_RECORDINGS,
            FROM_ITEMS,
        ),
    ),
}
RARE: dict[str, tuple[Change, Jobs]] = {
    "another device": (awaiting(configured, "compute", "device", value="auto"), CONFIGURED),
    "CNN-14's iterations": (
        awaiting(configured, *CNN14_ITERATIONS, value=6),
        together(CNN14, CONFIGURED),
    ),
    "the source of the bi-LSTM": (
        edited(f"{NETWORKS}/bilstm.py", "nn.Tanh(), nn.Dropout(dropout)]", "nn.Tanh()]"),
        together(BILSTM, SEQUENCES_READ),
    ),
    "the source of the fit loop": (
        edited(f"{LIBRARY}/training/fit.py", "1_000_003", "1_000_033"),
        FITTED,
    ),
    "the source of the comparison of recordings": (
        edited(f"{LIBRARY}/media/same_recordings.py", "hashlib.sha256(", "hashlib.blake2b("),
        together(jobs("compare_recordings"), jobs("describe_preparation")),
    ),
    "the source of the McNemar test": (
        edited(f"{LIBRARY}/evaluation/significance.py", "= mcnemar(", "= 1 * mcnemar("),
        EVALUATED,
    ),
    "a table deleted": (
        awaiting(without, f"{MADE}/tables/face.md"),
        together(jobs("write_tables"), jobs("describe_run")),
    ),
    "the fold map": (
        awaiting(configured, "protocol", "folds", value=[["01", "03"], ["02", "05"]]),
        together(
            jobs("classify_support_vector", "deepspectrum_svc", "full"),
            jobs("classify_support_vector", "panns_svc", "vad"),
            jobs("train_alexnet", "alexnet_fine_tuned", "full", SPLITS),
            jobs("vote_max_voting", "affectnet_max_voting", "full"),
            CNN14,
            FINE_TUNED_STN,
            FROM_ITEMS,
            CONFIGURED,
        ),
    ),
    "the hash of weights": (
        edited("resources/weights.yaml", HASH_OF_VAD, HASH_OF_VAD[::-1]),
        together(
            jobs("download_registered", VAD_PLACE),
            jobs("detect_speech", SPEAKERS),
            READ_FROM_SPANS,
        ),
    ),
    "a model added": (
        with_another_model,
        together(
            jobs("train_cnn14", "cnn14_faster", "vad", SPLITS),
            jobs("draw_learning_curves"),
            EVALUATED,
            CONFIGURED,
        ),
    ),
    "a model removed": (
        awaiting(configured, "systems", value=[s for s in SYSTEMS if s != "panns_svc/vad"]),
        together(EVALUATED, CONFIGURED),
    ),
    "a plug-in that nothing uses": (with_another_plugin, CONFIGURED),
    "another version of statsmodels": (awaiting(with_library, "statsmodels", "99.0"), EVALUATED),
    "another version of torch": (
        awaiting(with_library, "torch", "99.0"),
        together(SALIENCY, jobs("describe_preparation"), EMBEDDED, FITTED),
    ),
    "the saliency method's settings": (
        awaiting(configured, "saliency", value={"method": "spectral_residual", "width": 0.5}),
        together(SALIENCY, jobs("describe_preparation"), TRAINED_ON_PICTURES, CONFIGURED),
    ),
}
TABLE = {**USUAL, **RARE}


@pytest.fixture(scope="module")
def changeable(finished, tmp_path_factory) -> Project:
    """The complete run in a folder of its own; each test takes back what it changes."""
    return finished.copied_to(tmp_path_factory.mktemp("changeable") / "project")


@pytest.mark.parametrize("what", [*USUAL, *(pytest.param(w, marks=pytest.mark.long) for w in RARE)])
def test_exactly_the_stale_jobs_are_planned(changeable, what):
    change, expected = TABLE[what]
    with change(changeable) as options:
        found = read_plan(changeable.dry_run(*options))
    assert found == expected


@pytest.mark.long
def test_what_was_deleted_is_made_again_once_it_is_read(changeable):
    """Audio and frames come of one decoding, so all that reads one of them follows."""
    again = configured(changeable, *CNN14_ITERATIONS, value=6)
    with again as options, moved_aside(changeable.results / "prepared" / "audio" / "02.npz"):
        found = read_plan(changeable.dry_run(*options))
    assert found == together(
        jobs("prepare_films", "02"), jobs("detect_speech", "02"), READ_FROM_RECORDINGS, CONFIGURED
    )


@pytest.fixture(scope="module")
def loose(finished, tmp_path_factory) -> Project:
    """A complete run on loose clips where the user keeps them."""
    project = finished.copied_to(tmp_path_factory.mktemp("loose") / "project")
    for speaker in SPEAKERS:
        clips = project.results / "clips" / speaker
        shutil.copytree(clips, project.folder / "mine" / f"Actor_{speaker}")
    project.configure(data={**TINY["data"], "ravdess": "mine"})
    done = project.snakemake("--configfile", "tiny.yaml", "--touch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_plan(project.dry_run()) == {}
    return project


@pytest.mark.long
def test_touching_a_raw_clip_re_runs_nothing(loose):
    with touched(loose, "mine/Actor_02/*.mp4"):
        assert read_plan(loose.dry_run()) == {}


@pytest.mark.long
def test_a_replaced_raw_clip_re_runs_its_speaker_and_all_that_reads_it(loose):
    clip: Path = min((loose.folder / "mine" / "Actor_02").glob("*.mp4"))
    with moved_aside(clip) as aside:
        clip.write_bytes(aside.read_bytes() + b"0")
        found = read_plan(loose.dry_run())
        clip.unlink()
    assert found == together(jobs("list_items"), prepared("02"), READ_FROM_RECORDINGS, FROM_ITEMS)
