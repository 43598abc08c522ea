"""Settings of the statistics."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mmer.settings import Settings, decided, from_source


class SignificanceSettings(Settings):
    """Which variants of the tests are used."""

    mcnemar: Literal["exact", "chi_squared"] = decided(
        "exact",
        "McNemar's test by the binomial distribution, or by chi-squared with one degree of freedom",
        "the paper names no variant; the exact test holds for any number of differing items",
    )
    continuity_correction: bool = decided(
        True,
        "Edwards's correction of McNemar's chi-squared; without effect on the exact test",
        "the paper is silent; statsmodels corrects by default",
    )
    correction: Literal["bonferroni", "none"] = from_source(
        "bonferroni",
        "correction of the pairwise p-values that decides; Holm's always stands beside it",
        "paper section 3.1",
    )
    level: float = from_source(
        0.05, "level of the pairwise comparisons", "paper section 5.3", gt=0, lt=1
    )


class EvaluationSettings(Settings):
    """Settings of the whole evaluation."""

    resamples: int = decided(
        10_000,
        "how often speakers are drawn for the intervals that respect speakers",
        "the ends of the interval then vary by about a tenth of a point from seed to seed; the "
        "paper has no such interval",
        ge=1000,
    )
    calibration_bins: int = decided(
        15,
        "bins of equal width of the reliability table and the expected calibration error",
        "the paper is silent; Guo et al. (2017), whose error it is, use 15",
        ge=2,
    )

    significance: SignificanceSettings = decided(
        SignificanceSettings(), "the significance tests", "the paper's tests"
    )


class PaperRow(Settings):
    """Where a system's number stands in the paper's tables."""

    table: str = Field(
        description="Name of the CSV file without its ending.", pattern=r"^[A-Za-z0-9_]+$"
    )
    row: dict[str, str] = Field(
        description="Columns and the values that pick exactly one row.", min_length=1
    )
    column: str = Field("accuracy", description="The column with the accuracy in percent.")
