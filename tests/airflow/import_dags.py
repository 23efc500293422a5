"""Run by Airflow's own Python: imports the DAGs of a folder and tells what they are, as JSON."""

import json
import sys

from airflow.models import DagBag
from airflow.serialization.serialized_objects import SerializedDAG

bag = DagBag(sys.argv[1], include_examples=False)
told = {
    dag.dag_id: {
        "tasks": {task.task_id: task.retries for task in dag.topological_sort()},
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "display_name": dag.dag_display_name,
        "max_active_runs": dag.max_active_runs,
        "timeout": dag.dagrun_timeout.total_seconds(),
        "paused": dag.is_paused_upon_creation,
        "params": SerializedDAG.to_dict(dag)["dag"].get("params"),
    }
    for dag in bag.dags.values()
}
sys.stdout.write("\n" + json.dumps({"errors": bag.import_errors, "dags": told}))
