"""Runs for MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from ltmlbench.plugin import RequestError, Tracker, need, printable
from ltmlbench_trackers.scores import flat


class MlFlow(Tracker):
    """One MLflow run per run of the table (parameters, final scores, curves of its training), and
    one for the benchmark, which holds configuration, table and page."""

    experiment: str = Field("ltmlbench", description="name of the experiment")
    uri: str | None = Field(None, description="tracking server or folder; without, MLflow's own")
    _client: Any = PrivateAttr(None)
    _experiment: str = PrivateAttr("")
    _parent: str = PrivateAttr("")
    _out: Path = PrivateAttr(Path())
    _curves: dict[str, list[tuple[int, Mapping[str, float]]]] = PrivateAttr(default_factory=dict)

    def open(self, out: Path) -> None:
        mlflow = need("mlflow", "mlflow", "tracker 'mlflow'")
        try:
            client = mlflow.MlflowClient(tracking_uri=self.uri)
            found = client.get_experiment_by_name(self.experiment)
        except mlflow.exceptions.MlflowException as error:
            cause = printable(str(error).strip(), 120)
            raise RequestError(
                f"tracker 'mlflow' cannot keep anything there ({cause}): give uri=http://SERVER, "
                "or uri=FOLDER with MLFLOW_ALLOW_FILE_STORE=true in the environment"
            ) from None
        self._client, self._out = client, out
        self._experiment = (
            found.experiment_id if found else client.create_experiment(self.experiment)
        )

    def benchmark_started(self, config: Mapping[str, Any], stages: int) -> None:
        run = self._client.create_run(self._experiment, run_name=f"benchmark {self._out.name}")
        self._parent = run.info.run_id
        for name, value in config.items():
            self._client.log_param(self._parent, name, str(value)[:500])

    def epoch_finished(
        self, stage: str, epoch: int, epochs: int, values: Mapping[str, float]
    ) -> None:
        self._curves.setdefault(stage, []).append((epoch, values))

    def run_finished(self, run: Mapping[str, Any]) -> None:
        tags = {"mlflow.parentRunId": self._parent} if self._parent else {}
        made = self._client.create_run(self._experiment, run_name=str(run["id"]), tags=tags)
        key = made.info.run_id
        for name in ("method", "backbone", "fold", "seed", "identity"):
            self._client.log_param(key, name, str(run[name]))
        for name, value in flat(run.get("metrics", {})).items():
            self._client.log_metric(key, name, value)
        for epoch, values in self._curves.get(str(run.get("model")), []):
            for name, value in values.items():
                self._client.log_metric(key, name, value, step=epoch)
        done = run["status"] == "done"
        self._client.set_terminated(key, "FINISHED" if done else "FAILED")

    def close(self) -> None:
        if not self._parent:
            return
        for name in ("table.md", "report.html", "results.csv", "config.yaml"):
            if (self._out / name).exists():
                self._client.log_artifact(self._parent, str(self._out / name))
        self._client.set_terminated(self._parent)
