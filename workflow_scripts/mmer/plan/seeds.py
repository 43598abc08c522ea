"""Several seeds: what their comparison reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

from mmer.plan.systems import SystemsPlan

TABLE = "seeds"


@dataclass(frozen=True)
class SeedsPlan:
    """The step that compares the evaluations of all seeds of a run."""

    systems: SystemsPlan

    def table(self, protocol: str) -> str:
        """What it writes."""
        return self.systems.evaluation_table(TABLE, protocol)

    def _evaluations(self, protocol: str) -> dict[int, str]:
        """What was said of every item, by seed."""
        configuration = self.systems.run.configuration
        repeats = {"": configuration.seed, **configuration.repeats}
        return {
            seed: self.systems.evaluation_table("predictions", protocol, repeat)
            for repeat, seed in repeats.items()
        }

    def files(self, protocol: str) -> list[str]:
        """The tables of the evaluations that it reads."""
        summary = self.systems.evaluation_table("summary", protocol)
        return [summary, *self._evaluations(protocol).values()]

    def told(self, protocol: str) -> str:
        """What it is told, as JSON."""
        run, systems = self.systems.run, self.systems
        models = [s["name"] for s in systems.systems_under(protocol)]
        random = [name for name in models if systems.models.is_random(name.split("/")[0])]
        fused = systems.fusions_under(protocol)
        random += [f["name"] for f in fused if systems.repeat(f["variant"], "any")]
        return run.told(
            "compare_seeds",
            {
                "summary": systems.evaluation_table("summary", protocol),
                "predictions": self._evaluations(protocol),
                "items": run.layout.items(),
                "random": random,
                "titles": {f["name"]: f["title"] for f in fused},
                "settings": run.section("evaluation"),
                "seed": run.configuration.seed,
                "out": self.table(protocol),
            },
        )
