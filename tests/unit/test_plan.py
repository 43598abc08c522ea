"""What a run says of its models and systems: titles, what cannot be run and why, origins."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.plans import ROOT, SHIPPED, WEIGHTS, checked, merge, planned, read

from mmer.plan import Plan
from mmer.plan.origins import origins_of
from mmer.plan.rules import model_rules
from mmer.runtime.errors import UserError

FACE = ["stn_fine_tuned", "stn_max_voting", "stn_bilstm_flatten810"]
FROM_SCRATCH = {
    "stn_fine_tuned": {"family": "spatial_transformer", "title": "spatial transformer"},
    "stn_max_voting": {"family": "max_voting", "title": "max voting", "of": "stn_fine_tuned"},
    "stn_bilstm_flatten810": {"family": "bilstm", "title": "bi-LSTM", "of": "stn_fine_tuned"},
    "cnn14_fine_tuned": {
        "family": "cnn14",
        "title": "CNN-14",
        "settings": {"weights": "panns_cnn14_16k"},
    },
}
"""Face models that start from no published weights, and a speech model that does."""


def by_name(plan) -> dict[str, dict]:
    """The systems that a plan describes."""
    return {system["name"]: system for system in plan.systems.systems}


# Titles


def test_random_weights_and_a_stand_in_for_saliency_are_named_in_every_title():
    plan = planned(
        models={
            **checked().model_dump(mode="json", exclude_defaults=True)["models"],
            "cnn14_fine_tuned": {
                "family": "cnn14",
                "title": "CNN-14",
                "settings": {"weights": "random"},
            },
        },
        saliency={"method": "spectral_residual"},
    )
    assert plan.models.title("cnn14_fine_tuned") == "CNN-14 (random initial weights)"
    assert plan.models.title("zero_rule") == "ZeroR, the most frequent class"
    assert plan.models.title("stn_from_scratch_max_voting").endswith(
        "(random initial weights, spectral-residual saliency)"
    )
    assert plan.models.title("stn_max_voting").endswith("max voting (spectral-residual saliency)")
    assert planned().models.title("stn_max_voting").endswith("fine-tuned, max voting")


def test_another_corpus_than_the_papers_is_named_wherever_a_model_was_trained_on_it(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part / "happy").mkdir(parents=True)
    overlay = read(ROOT / "config" / "fer2013.yaml")["models"]
    plan = planned(
        data={"fer2013": str(tmp_path)},
        models=merge(read(SHIPPED)["models"], overlay),
        fusion={"pairings": {"both": ["zero_rule/full", "affectnet_max_voting/full"]}},
    )
    words = "trained on FER2013 instead of AffectNet"
    systems, fusion = by_name(plan), plan.systems.fusions[0]
    for model in ("affectnet_max_voting", "affectnet_bilstm_posteriors7"):
        assert systems[f"{model}/vad"]["unlike_paper"] == words
        assert systems[f"{model}/vad"]["title"].endswith(f"({words})")
    assert words in fusion["title"] and fusion["unlike_paper"] == words
    # The published network on valence is AffectNet's.
    assert systems["stn_max_voting/vad"]["unlike_paper"] is None
    assert "FER2013" not in systems["affectnet_bilstm_fc50/full"]["title"]


def test_a_folder_in_affectnets_layout_that_says_it_holds_something_else_is_believed(tmp_path):
    plan = planned(data={"affectnet": str(tmp_path)})
    assert plan.models.stand_in("affectnet_max_voting") is None
    (tmp_path / "corpus.json").write_text('{"title": "synthetic faces"}')
    plan = planned(data={"affectnet": str(tmp_path)})
    words = "trained on synthetic faces instead of AffectNet"
    assert plan.models.title("affectnet_max_voting").endswith(f"max voting ({words})")


# What cannot be run


def test_a_constant_is_shown_and_read_from_nowhere():
    system = by_name(planned(systems=["human_speech"]))["human_speech/full"]
    assert system["constant"] == 67
    assert "Livingstone" in system["source"]
    assert "predictions" not in system and "not_run" not in system


def test_what_reads_a_network_that_nobody_published_is_not_run():
    systems = by_name(planned(systems=["affectnet_max_voting", "stn_max_voting"]))
    reason = systems["affectnet_max_voting/vad"]["not_run"]
    assert reason.startswith(
        "weights missing (no published network of affectnet's emotion is named"
    )
    assert "predictions" in systems["stn_max_voting/vad"]


PAIR = ["zero_rule/full", "deepspectrum_svc/full"]


def test_every_pairing_is_fused_with_everything_that_fusions_are_fed():
    plan = planned(fusion={"pairings": {"mixed": PAIR}})
    assert {fused["name"]: fused["predictions"] for fused in plan.systems.fusions} == {
        f"mixed/{fed}": f"results/paper/fusion/mixed/{fed}/predictions.csv"
        for fed in ("minmax", "unscaled")
    }
    assert [fused["title"] for fused in plan.systems.fusions] == [
        "late fusion, mixed, minmax inputs",
        "late fusion, mixed, unscaled inputs",
    ]
    told = json.loads(plan.systems.told_of_fusion("mixed", "unscaled", "paper"))
    assert told["inputs"]["scaling"] == "none"
    assert set(told["systems"]) == set(PAIR)


def test_the_papers_row_of_a_pairing_is_that_of_all_its_fusions_without_their_own():
    fusion, table = {"pairings": {"mixed": PAIR}}, "tableA3_fusion"
    both = {"mixed": {"table": table, "row": {"model": "knn"}}}
    own = both | {"mixed/unscaled": {"table": table, "row": {"model": "svm_rbf"}}}
    names = ["mixed/minmax", "mixed/unscaled"]
    for paper, expected in ((both, ["knn", "knn"]), (own, ["knn", "svm_rbf"])):
        rows = planned(fusion=fusion, paper=paper).systems.paper_rows(names)
        assert [rows[name]["row"]["model"] for name in names] == expected


def test_a_fusion_is_not_run_where_a_member_is_not(tmp_path):
    plan = planned(
        data={"mirror": str(tmp_path)},
        fusion={"pairings": {"both": ["zero_rule/full", "cnn14_fine_tuned/full"]}},
    )
    for fused in plan.systems.fusions:
        assert fused["not_run"].startswith("weights missing (panns_cnn14_16k: the mirror lacks")
    assert plan.systems.grids("paper") == {}
    assert not [path for path in plan.systems.evaluated_files("paper") if "cnn14" in path]


@pytest.mark.parametrize("model", FACE)
def test_face_models_miss_what_the_mirror_lacks(tmp_path, model):
    def reason(method: str, mirror: str | None) -> str | None:
        plan = planned(
            models=FROM_SCRATCH,
            systems=["stn_max_voting"],
            data={"mirror": mirror, "downloads": str(tmp_path / "downloads")},
            saliency={"method": method},
        )
        return plan.models.cannot_run(model)

    assert reason("msi_net", str(tmp_path)) == (
        "weights missing (msi_net: the mirror lacks "
        "huggingface.co/alexanderkroner/MSI-Net/resolve/main/saved_model.pb)"
    )
    assert reason("spectral_residual", str(tmp_path)) is None
    assert reason("msi_net", None) is None
    assert reason("msi_net", str(tmp_path / "vanished")) is None


def test_speech_models_need_no_saliency(tmp_path):
    plan = planned(
        models=FROM_SCRATCH, systems=["cnn14_fine_tuned"], data={"mirror": str(tmp_path)}
    )
    assert "panns_cnn14_16k" in str(plan.models.cannot_run("cnn14_fine_tuned"))


@pytest.mark.parametrize("where", ["mirror", "downloads"])
def test_weights_in_the_mirror_or_downloaded_before_are_not_missing(tmp_path, where):
    place = WEIGHTS["msi_net"].place
    (tmp_path / "mirror").mkdir()
    data = {"mirror": str(tmp_path / "mirror"), "downloads": str(tmp_path / "downloads")}
    plan = planned(models=FROM_SCRATCH, systems=["stn_max_voting"], data=data)
    assert plan.models.cannot_run(FACE[0])
    (tmp_path / where / place).parent.mkdir(parents=True)
    (tmp_path / where / place).touch()
    assert plan.models.cannot_run(FACE[0]) is None


def test_weights_are_converted_once_for_all_runs():
    data = {"downloads": "elsewhere"}
    converted = "elsewhere/converted/msi_net.safetensors"
    assert planned(data=data).weights.saliency == [converted]
    assert planned(data=data, saliency={"method": "spectral_residual"}).weights.saliency == []


# Origins


def test_only_networks_have_initial_weights():
    origins = origins_of(planned(systems=["zero_rule", "panns_svc"]).models)
    assert {origin["name"] for origin in origins} == {"panns_cnn14_embedding", "voice activity"}


def test_the_origin_of_saliency_is_told_where_a_network_makes_it():
    origins = {o["name"]: o for o in origins_of(planned(systems=["stn_max_voting"]).models)}
    assert origins["saliency, MSI-Net"]["sha256"] == WEIGHTS["msi_net"].sha256
    assert origins["saliency, MSI-Net"]["licence"] == "MIT"
    assert origins["stn_fine_tuned"]["source"] == "the weights of affectnet_valence"
    plan = planned(systems=["stn_max_voting"], saliency={"method": "spectral_residual"})
    assert "saliency, MSI-Net" not in {origin["name"] for origin in origins_of(plan.models)}


# What jobs are told


def test_what_only_readers_see_is_told_to_no_training():
    models = checked().model_dump(mode="json", exclude_defaults=True)["models"]
    told = planned().models.told("cnn14_fine_tuned", "train", "full", "fold0")
    models["cnn14_fine_tuned"]["title"] = "another title"
    models["cnn14_fine_tuned"]["variants"] = ["full"]
    renamed = planned(models=models, systems=["cnn14_fine_tuned"])
    assert renamed.models.told("cnn14_fine_tuned", "train", "full", "fold0") == told


def test_a_training_knows_its_own_split_and_a_grid_all_of_them():
    models = planned().models
    alone = json.loads(models.told("cnn14_fine_tuned", "train", "full", "fold3"))
    assert list(alone["splits"]) == ["fold3"]
    assert alone["splits"]["fold3"]["test"] == ["08", "17", "21", "23", "24"]
    grid = json.loads(models.told("stn_bilstm_fc50", "train", "full"))
    assert list(grid["splits"]) == [f"fold{number}" for number in range(5)]


def test_no_two_jobs_of_a_run_share_a_checkpoint_and_another_seed_has_its_own():
    def checkpoints(**sections) -> list[str]:
        models = planned(**sections).models
        return [
            json.loads(models.told("cnn14_fine_tuned", "train", variant, f"fold{fold}"))[
                "checkpoint"
            ]
            for variant in ("full", "vad")
            for fold in range(5)
        ]

    every = checkpoints() + checkpoints(seed=1)
    assert Counter(every).most_common(1)[0][1] == 1


def test_device_and_threads_are_told_to_no_step():
    slow = planned(compute={"device": "cpu", "threads": 1, "gpus": 3}).models
    for model, verb, split in (
        ("cnn14_fine_tuned", "train", "fold0"),
        ("panns_svc", "classify", ""),
    ):
        assert slow.told(model, verb, "full", split) == planned().models.told(
            model, verb, "full", split
        )


def test_only_items_trimmed_to_speech_read_speech_spans():
    models = planned().models
    assert "speech" not in models.inputs("cnn14_fine_tuned", "train", "full", "fold0")
    assert len(models.inputs("cnn14_fine_tuned", "train", "vad", "fold0")["speech"]) == 24


def test_archives_that_are_missing_are_told_all_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = planned(data={"ravdess": "films"}, corpora={"ravdess": {"actors": [1, 2, 3, 4]}})
    told = "data.ravdess: films is no folder: mend the path"
    with pytest.raises(UserError, match=f"^{told}"):
        plan.corpora.check()
    for name in ("films/Video_Speech_Actor_01.zip", "results/paper/clips/03/one.mp4"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    # What was extracted needs no archive.
    names = "Video_Speech_Actor_02.zip, Video_Speech_Actor_04.zip"
    with pytest.raises(UserError, match=f"^data.ravdess: films lacks {names}, and loose") as error:
        plan.corpora.check()
    assert "\n" not in str(error.value)


def test_folders_that_are_not_complete_are_told_all_at_once(tmp_path):
    for actor in ("01", "02"):
        (tmp_path / f"Actor_{actor}").mkdir()
        (tmp_path / f"Actor_{actor}" / f"01-01-01-01-01-01-{actor}.mp4").touch()
    plan = planned(data={"ravdess": str(tmp_path)}, corpora={"ravdess": {"actors": [1, 2]}})
    with pytest.raises(UserError, match=r"Actor_01 holds 1 clips[^\n]*\n[^\n]*Actor_02 holds 1"):
        plan.corpora.check()


# Protocols


def test_a_nested_protocol_beside_the_papers_repeats_nothing_of_it():
    fusion = {"pairings": {"both": ["zero_rule/full", "cnn14_fine_tuned/full"]}}
    alone, both = (planned(fusion=fusion, protocol={"kind": kind}) for kind in ("paper", "both"))
    jobs = [("cnn14_fine_tuned", "train", "full", "fold0"), ("panns_svc", "classify", "vad", "")]
    jobs += [("stn_bilstm_fc50", "train", "full", ""), ("panns_cnn14_embedding", "embed", "vad")]
    for job in jobs:
        assert alone.models.told(*job) == both.models.told(*job)
    for told in ("told_of_fusion", "told_of_evaluation"):
        given = ("both", "minmax") if told == "told_of_fusion" else (alone.paper,)
        papers = [getattr(plan.systems, told)(*given, "paper") for plan in (alone, both)]
        assert papers[0] == papers[1]
    shown = {step.name: step.told for step in both.report.steps}
    assert all(shown[step.name] == step.told for step in alone.report.steps[:-1])
    names = {rule.name for rule in model_rules(both.models)}
    nested = {name for name in names if name.endswith("_nested")}
    assert names - nested == {rule.name for rule in model_rules(alone.models)}
    # What every protocol shares is made once.
    assert not {"embed_cnn14_embedding_nested", "score_spatial_transformer_nested"} & nested
    assert "train_cnn14_nested" in nested


def test_the_nested_protocol_alone_asks_for_nothing_of_the_papers():
    plan = planned(protocol={"kind": "nested"})
    assert "train_cnn14" not in {rule.name for rule in model_rules(plan.models)}
    told = json.loads(plan.systems.told_of_evaluation(plan.paper, "nested"))
    assert len(told["nested"]) == 20
    had = [set(s["predictions"]) for s in told["systems"] if "predictions" in s]
    assert had and all(splits == set(told["nested"]) for splits in had)
    assert "nested protocol" in json.loads(plan.report.steps[0].told)["label"]


def test_a_model_trained_elsewhere_says_why_it_is_not_nested_and_still_takes_part_in_fusion():
    published = checked(ROOT / "config" / "published.yaml", {"protocol": {"kind": "both"}})
    plan = Plan(published, planned().run.kinds, WEIGHTS, ROOT / "workflow_scripts")
    nested = {system["name"]: system for system in plan.systems.systems_under("nested")}
    assert "the paper's splits only" in nested["wav2vec2/full"]["not_run"]
    fused = plan.systems.fusions_under("nested")[0]
    assert "those who are tested chose" in fused["title"]
    told = json.loads(plan.systems.told_of_fusion(fused["variant"], fused["fed"], "nested"))
    assert set(told["systems"]["wav2vec2/full"]) == {f"fold{number}" for number in range(5)}


def test_two_folds_cannot_be_nested():
    speakers = [f"{number:02d}" for number in range(1, 25)]
    with pytest.raises(UserError, match=r"protocol\.folds.*three folds at least"):
        planned(protocol={"kind": "both", "folds": [speakers[:12], speakers[12:]]})


# By recording


def test_by_recording_warns_in_every_title_and_reads_the_divided_items():
    plan = planned(systems=["panns_svc", "cnn14_fine_tuned"], protocol={"kind": "by_recording"})
    labels = [json.loads(step.told)["label"] for step in plan.report.steps]
    assert all("BY RECORDING: whoever is tested is heard in training too" in it for it in labels)
    told = json.loads(plan.models.told("panns_svc", "classify", "vad"))
    assert list(told["splits"]) == [f"recordings{number}" for number in range(5)]
    assert told["inputs"]["items"] == [plan.run.layout.divided_items()]
    assert json.loads(plan.models.told("panns_cnn14_embedding", "embed", "vad"))["inputs"][
        "items"
    ] == [plan.run.layout.items()]
    systems = by_name(plan)
    assert "speakers on both sides" in systems["panns_svc/vad"]["unlike_paper"]
    assert "predictions" in systems["cnn14_fine_tuned/vad"]


def test_only_named_models_take_part_in_a_protocol_beside_the_first():
    systems = ["panns_svc", "cnn14_fine_tuned", "affectnet_bilstm_fc50", "stn_bilstm_fc50"]
    pairings = {
        "named": ["panns_svc/vad", "stn_bilstm_fc50/vad"],
        "other": ["panns_svc/vad", "cnn14_fine_tuned/vad"],
    }
    beside = ["panns_svc", "stn_bilstm_fc50"]
    protocol = {"kind": "both", "beside": beside}
    plan = planned(systems=systems, fusion={"pairings": pairings}, protocol=protocol)
    nested = {s["name"]: s for s in plan.systems.systems_under("nested")}
    assert {name.split("/")[0] for name, s in nested.items() if "predictions" in s} == {*beside}
    assert nested["cnn14_fine_tuned/vad"]["not_run"] == "protocol.beside does not name it"
    assert all("predictions" in system for system in plan.systems.systems_under("paper"))
    fused = {f["variant"]: "predictions" in f for f in plan.systems.fusions_under("nested")}
    assert fused == {"named": True, "other": False}
    names = {rule.name: rule.names for rule in model_rules(plan.models)}
    # What a named model reads is trained for it.
    assert names["train_bilstm_nested"] == ("stn_bilstm_fc50",)
    assert names["train_spatial_transformer_nested"] == ("stn_fine_tuned",)
    assert "train_cnn14_nested" not in names


def test_a_model_beside_that_is_not_known_is_named():
    with pytest.raises(UserError, match=r"protocol\.beside.*panns_svc"):
        planned(protocol={"kind": "both", "beside": ["panns_svm"]})


def test_traces_are_not_divided_by_recording():
    values = {"corpus": "recola", "data": {"recola": "somewhere"}, "systems": ["zero_rule"]}
    with pytest.raises(UserError, match="divided by their classes"):
        planned(**values, protocol={"kind": "by_recording"})
