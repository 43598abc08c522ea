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
    awaiting,
    configured,
    edited,
    given,
    moved_aside,
    nothing,
    reformatted,
    rewritten,
    touched,
    with_another_clip,
    with_another_model,
    with_library,
    without,
)
from .conftest import TINY, Project
from .planned_jobs import Jobs, jobs, read_plan, together
from .stale_jobs import (
    ACTOR_NAMES,
    AFFECTNET_BILSTM,
    CONFIGURED,
    EVALUATED,
    FINE_TUNED_STN_READ,
    FRAME_NETWORKS_READ,
    FUSED,
    READ_FROM_CLIPS,
    READ_FROM_SPANS,
    SPEECH_CLASSIFIERS,
    SPEECH_EMBEDDINGS,
    SPLIT_BY_SPLIT,
    SPLITS,
    STN_BILSTM,
    SYSTEMS,
    TRAINED,
    VARIANTS,
    prepared,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow")]

VAD_PLACE = (
    "github.com/ina-foss/inaSpeechSegmenter/releases/download/models/"
    "keras_speech_music_noise_cnn.hdf5"
)
SOURCES = (
    *("Snakefile", "config.yaml", "tiny.yaml", "config/*", "envs/*", "profiles/**/*"),
    *("resources/**/*", "rules/*", "workflow_scripts/**/*.py"),
)
CORPUS = "downloads/zenodo.org/records/1188976/files/Video_Speech_Actor_02.zip"
LIBRARY = "workflow_scripts/mmer"
PREPARED = "results/tiny/prepared"
HASH_OF_VAD = "f04b5e3c86fa2e81666d106b0867350fe7858c7bd006c2a74c27b5b45507e7d8"

TABLE: dict[str, tuple[Change, Jobs]] = {
    "nothing": (nothing, {}),
    "all sources touched": (awaiting(touched, *SOURCES), {}),
    "a raw archive touched": (awaiting(touched, CORPUS), {}),
    "all weights touched": (awaiting(touched, "downloads/github.com/**/*"), {}),
    "a comment": (edited(f"{LIBRARY}/speech/cnn14.py", "from __f", "# a comment\nfrom __f"), {}),
    "a docstring": (edited(f"{LIBRARY}/training/fit.py", "One fit loop", "The one fit loop"), {}),
    "the layout of a module": (
        awaiting(rewritten, f"{LIBRARY}/face/spatial_transformer.py", reformatted),
        {},
    ),
    "a report caption": (edited("resources/captions/groups.rst", ".", "!"), {}),
    "the number of cores": (awaiting(given, "--cores", "1"), {}),
    "the same libraries installed anew": (
        awaiting(with_library, "torch", metadata.version("torch")),
        {},
    ),
    "another device": (awaiting(configured, "compute", "device", value="auto"), CONFIGURED),
    "spatial transformer's learning rate": (
        awaiting(configured, "models", "stn_fine_tuned", "settings", "learning_rate", value=0.0005),
        together(
            jobs("train_spatial_transformer", "stn_fine_tuned", VARIANTS, SPLITS),
            FINE_TUNED_STN_READ,
            CONFIGURED,
        ),
    ),
    "CNN-14's iterations": (
        awaiting(configured, "models", "cnn14_fine_tuned", "settings", "max_iterations", value=6),
        together(
            jobs("train_cnn14", "cnn14_fine_tuned", VARIANTS, SPLITS),
            jobs("draw_learning_curves"),
            FUSED,
            CONFIGURED,
        ),
    ),
    "a C value in the fusion grid": (
        awaiting(
            configured,
            *("fusion", "settings", "classifiers", "logistic_regression", "C"),
            value=[1, 10],
        ),
        together(FUSED, CONFIGURED),
    ),
    "the source of CNN-14": (
        edited(f"{LIBRARY}/speech/cnn14.py", "= self.bn0(", "= 1.0 * self.bn0("),
        together(
            jobs("extract_embeddings", "panns_cnn14_embedding", VARIANTS),
            jobs("classify_embeddings", "panns_svc", VARIANTS),
            jobs("train_cnn14", "cnn14_fine_tuned", VARIANTS, SPLITS),
            jobs("draw_learning_curves"),
            FUSED,
        ),
    ),
    "the source of the bi-LSTM": (
        edited(
            f"{LIBRARY}/face/bilstm.py",
            "nn.Tanh(), nn.Dropout(dropout)]\n        self",
            "nn.Tanh()]\n        self",
        ),
        together(
            jobs("train_bilstm", [*AFFECTNET_BILSTM, *STN_BILSTM], VARIANTS),
            jobs("tabulate_architectures"),
            jobs("draw_learning_curves"),
            jobs("draw_clips"),
            FUSED,
        ),
    ),
    "the source of the fit loop": (
        edited(f"{LIBRARY}/training/fit.py", "1_000_003", "1_000_033"),
        TRAINED,
    ),
    "the source of the McNemar test": (
        edited(f"{LIBRARY}/evaluation/significance.py", "= mcnemar(", "= 1 * mcnemar("),
        EVALUATED,
    ),
    "one clip of one actor": (
        awaiting(with_another_clip, CORPUS),
        together(jobs("extract_actor", "02"), prepared("02"), READ_FROM_CLIPS),
    ),
    # What is deleted is missed by nothing as long as nothing reads it again: disk may be freed.
    "an actor's audio deleted": (awaiting(without, f"{PREPARED}/audio/actor_02.npz"), {}),
    "an actor's speech spans deleted": (awaiting(without, f"{PREPARED}/speech/actor_02.csv"), {}),
    "posteriors deleted": (
        awaiting(without, "results/tiny/posteriors/panns_svc/vad/heldout0.csv"),
        {},
    ),
    "a table deleted": (
        awaiting(without, "results/tiny/tables/face.md"),
        together(jobs("write_tables"), jobs("write_landing")),
    ),
    "the fold map": (
        awaiting(configured, "protocol", "folds", value=[[1, 3], [2, 5]]),
        together(SPLIT_BY_SPLIT, CONFIGURED),
    ),
    "the hash of weights": (
        edited("resources/weights.yaml", HASH_OF_VAD, HASH_OF_VAD[::-1]),
        together(
            jobs("download_registered", VAD_PLACE),
            jobs("detect_speech", ACTOR_NAMES),
            READ_FROM_SPANS,
        ),
    ),
    "a model added": (
        with_another_model,
        together(
            jobs("train_cnn14", "cnn14_faster", VARIANTS, SPLITS),
            jobs("draw_learning_curves"),
            EVALUATED,
            CONFIGURED,
        ),
    ),
    "a model removed": (
        awaiting(configured, "systems", value=[name for name in SYSTEMS if name != "panns_svc"]),
        together(EVALUATED, CONFIGURED),
    ),
    "another version of statsmodels": (awaiting(with_library, "statsmodels", "99.0"), EVALUATED),
    "another version of torch": (
        awaiting(with_library, "torch", "99.0"),
        together(
            jobs("map_saliency", ACTOR_NAMES),
            jobs("prepare_affectnet"),
            jobs("draw_saliency"),
            jobs("extract_embeddings", SPEECH_EMBEDDINGS, VARIANTS),
            jobs("classify_embeddings", SPEECH_CLASSIFIERS, VARIANTS),
            TRAINED,
        ),
    ),
    "the saliency method's settings": (
        awaiting(configured, "saliency", value={"method": "spectral_residual", "width": 0.5}),
        together(
            jobs("map_saliency", ACTOR_NAMES),
            jobs("prepare_affectnet"),
            jobs("train_affectnet", ["affectnet_valence", "affectnet_emotion"]),
            jobs("draw_saliency"),
            FRAME_NETWORKS_READ,
            CONFIGURED,
        ),
    ),
}


def planned(project: Project, options: list[str], configuration: str = "tiny.yaml") -> Jobs:
    """What the next command would do."""
    chosen = [] if "--configfile" in options else ["--configfile", configuration]
    done = project.snakemake("-n", *options, *chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_plan(done.stdout + done.stderr)


@pytest.mark.parametrize("what", TABLE)
def test_exactly_the_stale_jobs_are_planned(finished, what):
    change, expected = TABLE[what]
    with change(finished) as options:
        found = planned(finished, options)
    assert found == expected


def test_what_was_deleted_is_made_again_once_it_is_read(finished):
    """Audio and frames come of one decoding, so all that reads one of them follows."""
    again = configured(
        finished, "models", "cnn14_fine_tuned", "settings", "max_iterations", value=6
    )
    audio = finished.folder / PREPARED / "audio" / "actor_02.npz"
    with again as options, moved_aside(audio):
        found = planned(finished, options)
    assert found == together(
        jobs("prepare_media", "02"), jobs("detect_speech", "02"), READ_FROM_CLIPS, CONFIGURED
    )


@pytest.fixture(scope="module")
def loose(finished, tmp_path_factory) -> Project:
    """A complete run on loose clips where the user keeps them."""
    project = Project(tmp_path_factory.mktemp("loose") / "project")
    shutil.copytree(finished.folder, project.folder)
    shutil.copytree(project.folder / "results" / "tiny" / "clips", project.folder / "mine")
    project.configure(data={**TINY["data"], "ravdess": "mine"})
    done = project.snakemake("--configfile", "tiny.yaml", "--touch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned(project, []) == {}
    return project


def first_clip(project: Project) -> Path:
    return min((project.folder / "mine" / "Actor_02").glob("*.mp4"))


def test_touching_a_raw_clip_re_runs_nothing(loose):
    with touched(loose, "mine/Actor_02/*.mp4"):
        assert planned(loose, []) == {}


def test_a_replaced_raw_clip_re_runs_its_actor_and_all_that_reads_it(loose):
    clip = first_clip(loose)
    with moved_aside(clip) as aside:
        clip.write_bytes(aside.read_bytes() + b"0")
        found = planned(loose, [])
        clip.unlink()
    assert found == together(prepared("02"), READ_FROM_CLIPS)
