#!/usr/bin/env bash
# Install Debian's SLURM and munge, without starting their services, where this machine allows it.
set -euo pipefail
if command -v slurmctld slurmd munged sbatch > /dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    echo "SLURM is not here, and installing it needs root and apt: its tests will be skipped." >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null ||
    echo "SLURM could not be installed: its tests will be skipped." >&2
