"""After a complete run and one change, exactly the stale jobs are planned (contract 4).

Expected jobs are written by rule and by wildcard values, so that too many fail as too few do.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ACTORS, REPOSITORY, TINY, Project
from .planned_jobs import Jobs, jobs, read_plan, together

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow")]

Change = Callable[[Project], AbstractContextManager[list[str]]]
"""Makes a change, gives the options of the next command, and takes the change back."""

# What there is

SYSTEMS = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))["systems"]
SPLITS = ("heldout0", "heldout1")
VARIANTS = ("full", "vad")
ACTOR_NAMES = [f"{actor:02d}" for actor in ACTORS]
AFFECTNET_BILSTM = [f"affectnet_bilstm_{x}" for x in ("posteriors7", "fc50", "flatten810")]
STN_BILSTM = [f"stn_bilstm_{layer}" for layer in ("posteriors8", "fc50", "flatten810")]
SPEECH_EMBEDDINGS = ["deepspectrum_alexnet_fc7", "panns_cnn14_embedding"]
SPEECH_CLASSIFIERS = ["deepspectrum_svc", "panns_svc"]
VAD_PLACE = (
    "github.com/ina-foss/inaSpeechSegmenter/releases/download/models/"
    "keras_speech_music_noise_cnn.hdf5"
)

# What follows what

EVALUATED = together(
    jobs("evaluate_systems"),
    jobs("write_tables"),
    jobs("draw_figures"),
    jobs("tabulate_costs"),
    jobs("describe_run"),
    jobs("write_landing"),
)
"""The evaluation and all that shows it."""

FUSED = together(jobs("fuse_posteriors", ["vad", "full", "mixed"]), EVALUATED)

CONFIGURED = together(
    jobs("write_configuration"),
    jobs("describe_run"),
    jobs("write_landing"),
)
"""What shows the configuration as a whole."""

FINE_TUNED_STN_READ = together(
    jobs("vote_frames", "stn_max_voting", VARIANTS),
    jobs("train_bilstm", STN_BILSTM, VARIANTS),
    jobs("tabulate_architectures"),
    jobs("draw_learning_curves"),
    jobs("draw_clips"),
    FUSED,
)
"""What reads the fine-tuned spatial transformer."""

FRAME_NETWORKS_READ = together(
    jobs("train_spatial_transformer", "stn_from_scratch", "full", SPLITS),
    jobs("train_spatial_transformer", "stn_fine_tuned", VARIANTS, SPLITS),
    jobs("score_frames", "affectnet_emotion", VARIANTS),
    jobs("vote_frames", "affectnet_max_voting", VARIANTS),
    jobs("vote_frames", "stn_from_scratch_max_voting", "full"),
    jobs("train_bilstm", AFFECTNET_BILSTM, VARIANTS),
    FINE_TUNED_STN_READ,
)
"""All that looks at faces, but for the networks trained on AffectNet."""

SPLIT_BY_SPLIT = together(
    jobs("predict_majority", ["zero_rule", "zero_rule_face"], "full"),
    jobs("classify_embeddings", SPEECH_CLASSIFIERS, VARIANTS),
    jobs("train_alexnet", "alexnet_fine_tuned", VARIANTS, SPLITS),
    jobs("train_cnn14", "cnn14_fine_tuned", VARIANTS, SPLITS),
    *(
        {rule: wildcards}
        for rule, wildcards in FRAME_NETWORKS_READ.items()
        if rule != "score_frames"
    ),
)
"""All that knows who is held out."""

READ_FROM_CLIPS = together(
    jobs("extract_embeddings", SPEECH_EMBEDDINGS, VARIANTS),
    jobs("describe_speech_spans"),
    jobs("draw_saliency"),
    FRAME_NETWORKS_READ,
    SPLIT_BY_SPLIT,
)
"""All that reads what is prepared of every actor."""

READ_FROM_SPANS = together(
    jobs("describe_speech_spans"),
    jobs("extract_embeddings", SPEECH_EMBEDDINGS, "vad"),
    jobs("classify_embeddings", SPEECH_CLASSIFIERS, "vad"),
    jobs("train_alexnet", "alexnet_fine_tuned", "vad", SPLITS),
    jobs("train_cnn14", "cnn14_fine_tuned", "vad", SPLITS),
    jobs("score_frames", "affectnet_emotion", "vad"),
    jobs("train_spatial_transformer", "stn_fine_tuned", "vad", SPLITS),
    jobs("vote_frames", ["affectnet_max_voting", "stn_max_voting"], "vad"),
    jobs("train_bilstm", [*AFFECTNET_BILSTM, *STN_BILSTM], "vad"),
    jobs("tabulate_architectures"),
    jobs("draw_learning_curves"),
    jobs("fuse_posteriors", ["vad", "mixed"]),
    EVALUATED,
)
"""All that is given trimmed clips."""


def prepared(actor: str) -> Jobs:
    """What is made of one actor's clips alone."""
    return together(
        jobs("prepare_media", actor), jobs("detect_speech", actor), jobs("map_saliency", actor)
    )


TRAINED = together(
    jobs("train_affectnet", ["affectnet_valence", "affectnet_emotion"]),
    jobs("train_alexnet", "alexnet_fine_tuned", VARIANTS, SPLITS),
    jobs("train_cnn14", "cnn14_fine_tuned", VARIANTS, SPLITS),
    FRAME_NETWORKS_READ,
)
"""All that the fit loop trains, and what follows."""

# Changes: each is made on a project, gives the options of the next command, and is taken back.


def awaiting(
    make: Callable[..., AbstractContextManager[list[str]]], *how: Any, **named: Any
) -> Change:
    """A change that awaits its project."""
    return lambda project: make(project, *how, **named)


@contextmanager
def nothing(project: Project) -> Iterator[list[str]]:
    """Leave everything as it is."""
    yield []


@contextmanager
def given(project: Project, *options: str) -> Iterator[list[str]]:
    """Give the command other options."""
    yield list(options)


@contextmanager
def configured(project: Project, *keys: str, value: Any) -> Iterator[list[str]]:
    """Set one key of the configuration."""
    section = changed = copy.deepcopy(TINY)
    for key in keys[:-1]:
        section = section.setdefault(key, {})
    section[keys[-1]] = value
    project.configure("changed.yaml", **changed)
    yield ["--configfile", "changed.yaml"]


@contextmanager
def with_another_model(project: Project) -> Iterator[list[str]]:
    """Evaluate one more CNN-14."""
    models = copy.deepcopy(TINY["models"])
    settings = {**models["cnn14_fine_tuned"]["settings"], "learning_rate": 0.01}
    models["cnn14_faster"] = {"family": "cnn14", "title": "CNN-14, faster", "settings": settings}
    project.configure("changed.yaml", models=models, systems=[*SYSTEMS, "cnn14_faster"])
    yield ["--configfile", "changed.yaml"]


@contextmanager
def rewritten(project: Project, file: str, change: Callable[[str], str]) -> Iterator[list[str]]:
    """Change the text of one file; the text comes back, the file's time does not."""
    path = project.folder / file
    before = path.read_text("utf-8")
    assert change(before) != before
    path.write_text(change(before), "utf-8")
    try:
        yield []
    finally:
        path.write_text(before, "utf-8")


def edited(file: str, old: str, new: str) -> Change:
    """Replace some words of one file."""
    return awaiting(rewritten, file, lambda text: text.replace(old, new))


def reformatted(text: str) -> str:
    """A module without its comments, its docstring and its layout."""
    tree = ast.parse(text)
    del tree.body[0]
    return f"{ast.unparse(tree)}\n# the end\n"


@contextmanager
def touched(project: Project, *patterns: str) -> Iterator[list[str]]:
    """Make files look as if they had just been written."""
    files = [f for pattern in patterns for f in project.folder.glob(pattern) if f.is_file()]
    assert files
    times = {file: file.stat() for file in files}
    for file in files:
        file.touch()
    try:
        yield []
    finally:
        for file, before in times.items():
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@contextmanager
def moved_aside(path: Path) -> Iterator[Path]:
    """Move a file aside, and back with its time; gives where it lies meanwhile."""
    aside = path.with_name(f"{path.name}.aside")
    shutil.move(path, aside)
    try:
        yield aside
    finally:
        shutil.move(aside, path)


@contextmanager
def without(project: Project, file: str) -> Iterator[list[str]]:
    """Delete one file of the project."""
    with moved_aside(project.folder / file):
        yield []


@contextmanager
def with_another_clip(project: Project, archive: str) -> Iterator[list[str]]:
    """Exchange one clip in an actor's archive for another one."""
    path = project.folder / archive
    with moved_aside(path) as aside:
        with zipfile.ZipFile(aside) as old, zipfile.ZipFile(path, "w") as new:
            first, second, *_ = old.namelist()
            for name in old.namelist():
                new.writestr(name, old.read(second if name == first else name))
        yield []


@contextmanager
def with_library(project: Project, distribution: str, version: str) -> Iterator[list[str]]:
    """Install a version of a library where Python looks first: in the folder of the run."""
    folder = project.folder / f"{distribution}-{version}.dist-info"
    folder.mkdir()
    written = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    (folder / "METADATA").write_text(written)
    try:
        yield []
    finally:
        shutil.rmtree(folder)


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
