"""Convert the published MSI-Net, a TensorFlow SavedModel, into weights for ours."""

from mmer.media.msi_net_checkpoint import ConversionJob, convert_msi_net
from mmer.runtime.job import run_job

if __name__ == "__main__":
    run_job(ConversionJob, convert_msi_net, __doc__)
