"""The configuration: complete, typed, and every mistake told at once with its file and key."""

from __future__ import annotations

import pytest
from tests.plans import ROOT, checked

from mmer.models.sequence_settings import BiLstmSettings
from mmer.runtime.errors import UserError


@pytest.fixture
def broken(tmp_path):
    """A function that lays an overlay over the shipped file and gives the error's text."""

    def check(overlay: str) -> str:
        file = tmp_path / "mine.yaml"
        file.write_text(overlay)
        with pytest.raises(UserError) as error:
            checked(file)
        return str(error.value)

    return check


LAID_OVER = {
    "demo_recola": ["recola"],
    "recola_test": ["recola"],
    "demo_iemocap": ["iemocap"],
    "later_paper": ["published"],
    "voices_choices": ["voices_small"],
    "voices_speakers": ["voices_small"],
}


@pytest.mark.parametrize("overlay", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_configuration_is_valid(overlay):
    below = [ROOT / "config" / f"{name}.yaml" for name in LAID_OVER.get(overlay.stem, ())]
    checked(*below, overlay)


def test_the_shipped_file_is_the_papers_protocol():
    configuration = checked()
    assert configuration.corpora.ravdess.actors == tuple(range(1, 25))
    assert configuration.corpora.ravdess.clips_per_actor == 60
    assert configuration.protocol.folds is None
    cnn14 = configuration.models["cnn14_fine_tuned"].settings
    assert (cnn14.batch_size, cnn14.max_iterations, cnn14.learning_rate) == (24, 30_000, 0.001)
    assert cnn14.width == 1
    transformer = configuration.models["stn_fine_tuned"].settings
    assert (transformer.batch_size, transformer.max_epochs, transformer.patience) == (128, 500, 30)
    sequence: BiLstmSettings = configuration.models["stn_bilstm_flatten810"].settings
    assert [architecture.name for architecture in sequence.architectures] == [
        *(f"2x{units}_attention2" for units in (50, 150, 200, 300)),
        "1x150_attention1",
    ]


def test_all_mistakes_are_told_at_once(broken, tmp_path):
    text = broken(
        "sed: 1\n"
        "corpora: {ravdess: {clips_per_actor: many}}\n"
        "models: {cnn14_fine_tuned: {settings: {batch_sice: 3}}}\n"
    )
    assert "3 mistakes" in text
    assert f"{tmp_path / 'mine.yaml'}: sed: unknown key; did you mean seed?" in text
    assert "corpora.ravdess.clips_per_actor: " in text
    assert (
        "models.cnn14_fine_tuned.settings.batch_sice: unknown key; did you mean batch_size?" in text
    )


def test_names_that_are_unknown_are_told_beside_values_that_are_wrong(broken):
    text = broken(
        "sed: 1\n"
        "compute: {threads: 0}\n"
        "corpora: {ravdess: {actors: [1, 1]}}\n"
        'protocol: {folds: [["01"], ["02"]]}\n'
        "models: {cnn14_fine_tuned: {settings: {batch_sice: 3}}, mine: {family: cnn41}}\n"
        "systems: [cnn15, mine, cnn14_fine_tuned/loud, stn_max_voting/loud]\n"
        "fusion: {pairings: {vad: [cnn14_fine_tuned/vad, cnn15/vad]}}\n"
    )
    assert "systems: 'cnn15' is not among models" in text
    assert "systems: 'stn_max_voting/loud' is not one of stn_max_voting/" in text
    assert "fusion.pairings.vad: 'cnn15' is not among models" in text
    # Nothing is said on what cannot be known before the values are mended.
    assert "8 mistakes" in text, text


def test_the_file_that_holds_the_key_is_named(broken, tmp_path):
    text = broken("compute: {threads: 0}\n")
    assert f"{tmp_path / 'mine.yaml'}: compute.threads" in text


@pytest.mark.parametrize(
    ("overlay", "reason"),
    [
        ("corpus: ravdes", "corpus: 'ravdes' is not known; did you mean ravdess?"),
        ("task: emotions", "task: 'emotions' is not known; did you mean emotion?"),
        ("data: {ravdes: .}", "data.ravdes: unknown key; did you mean ravdess?"),
        ("systems: [cnn15]", "systems: 'cnn15' is not among models"),
        ("systems: [stn_fine_tuned]", "gives no predictions; name a bilstm or max_voting model"),
        ("systems: [cnn14_fine_tuned/loud]", "is not one of cnn14_fine_tuned/full"),
        ("fusion: {pairings: {vad: [cnn14_fine_tuned/vad]}}", "at least two"),
        ("fusion: {pairings: {vad: [cnn14_fine_tuned/vad, stn_max_voting]}}", "is not one of"),
        ("fusion: {pairings: {vad: [human_speech/full, zero_rule/full]}}", "cannot be fused"),
        (
            "fusion: {inputs: {own: {by_system: {panns_svc: {values: logit}}}}}",
            "is not fused by any",
        ),
        ("fusion: {by_pairing: {vadd: {}}}", "fusion.by_pairing.vadd: 'vadd' is not known"),
        ("compared_with: luna_jimenez_2002", "did you mean luna_jimenez_202"),
        ("models: {stn_max_voting: {of: cnn14_fine_tuned}}", "gives no frame_logits"),
        ("models: {panns_svc: {of: nothing}}", "models.panns_svc.of: 'nothing' is not known"),
        ("models: {mine: {family: support_vector, title: Mine}}", "models.mine.of: is missing"),
        ("models: {stn_fine_tuned: {variants: [vad]}}", "lacks one of them"),
        ("models: {stn_fine_tuned: {of: stn_fine_tuned}}", "read each other in a circle"),
        ("models: {affectnet_emotion: {corpus: affectne}}", "did you mean affectnet?"),
        ("models: {affectnet_emotion: {target: arousal}}", "target: 'arousal' is not known"),
        ("models: {affectnet_emotion: {of: stn_fine_tuned}}", "starts from random weights"),
        ('protocol: {folds: [["01", "02"], ["02", "03"]]}', "speaker 02 is in 2 folds"),
        ('protocol: {folds: [["01"], ["25"]]}', "speaker '25' is not known"),
        ("corpora: {ravdess: {actors: [1, 1]}}", "each once"),
        ("compute: {device: gpu}", "device is auto, cpu, cuda"),
        ("run: ../elsewhere", "run: "),
        ("report: {item_system: cnn14_fine_tuned/full}", "lets no frames vote"),
        ("{report: {items: [a]}, systems: [zero_rule]}", "is not among systems"),
        ("models: {mine: {family: cnn41, title: Mine}}", "models.mine"),
        ("models: {mine: {family: cnn14}}", "models.mine.title: is missing"),
        ("plugins: mine.py", "plugins: a list of paths is wanted"),
        ("plugins: [absent.py]", "plugins: absent.py is no Python file"),
    ],
)
def test_a_mistake_is_told_in_words(broken, overlay, reason):
    assert reason in broken(overlay)
