# From published archives to the recordings of each speaker.  Downloads run where the workflow was
# started: on clusters only that machine reaches the internet.


rule download_registered:
    output:
        LAYOUT.downloaded("{place}"),
    log:
        LAYOUT.log("download", "{place}"),
    benchmark:
        LAYOUT.benchmark("download", "{place}")
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.told_of_download(w.place),
    shell:
        "python -m download_file {params.job:q} > {log:q} 2>&1"


rule download_record:
    output:
        PLAN.corpora.record_metadata("{record}"),
    log:
        LAYOUT.log("download", "record_{record}"),
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.told_of_record(w.record),
    shell:
        "python -m download_record {params.job:q} > {log:q} 2>&1"


rule download_archive:
    input:
        # The record also counts views and downloads, so its age says nothing of the archives.
        metadata=ancient(PLAN.corpora.record_metadata("{record}")),
    output:
        LAYOUT.downloaded("zenodo.org/records/{record}/files/{archive}"),
    log:
        LAYOUT.log("download", "{record}_{archive}"),
    benchmark:
        LAYOUT.benchmark("download", "{record}_{archive}")
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        downloads=1,
    params:
        job=lambda w: PLAN.told_of_archive(w.record, w.archive),
    shell:
        "python -m download_archive {params.job:q} > {log:q} 2>&1"


rule extract_speaker:
    input:
        archive=lambda w: PLAN.corpora.archive(w.speaker),
    output:
        directory(LAYOUT.clips("{speaker}")),
    log:
        LAYOUT.log("extract_speaker", "{speaker}"),
    benchmark:
        LAYOUT.benchmark("extract_speaker", "{speaker}")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.told_of_extraction(w.speaker),
    shell:
        "python -m extract_speaker {params.job:q} > {log:q} 2>&1"
