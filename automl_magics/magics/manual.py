"""What ``--help`` says: the verbs, how they are written, and examples."""

from typing import Literal

Surface = Literal["magic", "shell"]

VERBS = {
    "train": "Train models on a table, a file, a SELECT or a variable.",
    "jobs": "List training jobs, newest first.",
    "show": "Show one job.",
    "watch": "Follow a job until it ends.",
    "logs": "Show a job's log.",
    "leaderboard": "Show a job's models, best first.",
    "dag": "Show a job's Airflow DAG.",
    "notebook": "Write a notebook that rebuilds a job's model with plain libraries.",
    "report": "Write a job's report, one HTML file to hand on.",
    "trigger": "Start a job that waits in the state ready.",
    "stop": "Stop a queued or running job; it keeps the model that it has found.",
    "extend": "Train a finished or stopped job for longer, from where it ended.",
    "delete": "Delete a job that is not running.",
    "predict": "Predict with a finished job's model.",
    "deploy": "Deploy a finished job's model under its registered name.",
    "models": "List deployed models.",
    "undeploy": "End a deployment; the model stays registered.",
    "features": "Have a training table proposed from several tables; review, make and apply it.",
    "form": "Show a form that makes a job.",
    "monitor": "Show a live view of one job.",
    "board": "Show a live list of all jobs.",
    "keys": "Make, list and revoke access keys for clients of the REST API.",
    "doctor": "Check the installation by trying what a job needs.",
    "sources": "Add, list and remove databases and folders whose tables can be trained on.",
}

NOTEBOOK_VERBS = ("form", "monitor", "board")
"""What only a notebook can show."""


def verbs_of(surface: Surface) -> dict[str, str]:
    """Return the verbs of a surface with what they do."""
    return {
        verb: summary
        for verb, summary in VERBS.items()
        if surface == "magic" or verb not in NOTEBOOK_VERBS
    }


USAGE = {
    "": "VERB [options]",
    "train": "[SOURCE] --label COLUMN [options]",
    "jobs": "[options]",
    "predict": "JOB [SOURCE] [options]",
    "notebook": "JOB [--to FILE] [options]",
    "report": "JOB [--to FILE] [options]",
    "models": "[options]",
    "undeploy": "NAME [options]",
    "form": "[SOURCE] [options]",
    "board": "[options]",
    "doctor": "[options]",
    "keys": "create --name NAME --scope SCOPE [options] | list | revoke KEY",
    "sources": "[list] | add NAME URL | remove NAME",
    "features": "propose TABLE --tables A,B --grain COLUMN --label COLUMN [options]\n"
    "       features list | show | edit | approve | retry | logs | apply | delete TABLE [options]",
}

EXAMPLES: dict[Surface, dict[str, str]] = {
    "magic": {
        "": """
  %automl train data/churn.csv --label churned --preset fast --wait
  %automl jobs --status running
  %automl show churn

  %%automl train --label churned --name churn
  SELECT * FROM 'data/churn.csv' WHERE tenure > 0
""",
        "train": """
  %automl train df --label price --time-limit 60
  %automl train "data/my file.csv" --label churned --features age,tenure --wait --into job

  %%automl train --label churned --name churn
  SELECT * FROM 'data/churn.csv' WHERE tenure > 0
""",
        "predict": """
  %automl predict churn new_customers --into scores
  %automl predict churn data/new.csv --output scores.parquet
""",
        "sources": """
  %automl sources add lake data/lake
  %automl sources add crm postgresql://ada:${env:PGPASSWORD}@db.example.org/crm
  %automl train crm.public.customers --label churned
""",
        "features": """
  %%automl features propose customer_training --grain customer_id --label churned --wait
  customers
  data/orders.parquet
  orders.client = customers.customer_id

  %automl features review customer_training
  %automl features edit customer_training --remove orders_count --rename orders_sum_amount=spent
  %automl features approve customer_training --train --preset fast --wait
  %automl features apply customer_training --source orders=new_orders --into rows
""",
        "form": """
  %automl form
  %automl form df --label churned
""",
    },
    "shell": {
        "": """
  automl train data/churn.csv --label churned --preset fast --wait
  automl jobs --status running
  automl show churn --json

  automl serve --port 8888                     serve the REST API (see automl serve --help)
  automl --server URL --token TOKEN jobs       ask a server; so do AUTOML_SERVER_URL, _TOKEN
""",
        "train": """
  automl train data/churn.csv --label churned --time-limit 30 --wait
  automl train "SELECT * FROM 'data/churn.csv' WHERE tenure > 0" --label churned --json
""",
        "predict": """
  automl predict churn data/new.csv --output scores.csv
""",
        "features": """
  automl features propose churn_training --tables customers.csv,orders.csv --grain customer_id \\
      --label churned --positive yes --cutoff 2024-06-01 --wait
  automl features approve churn_training --train --preset fast --wait
  automl features apply churn_training --output rows.parquet
""",
        "keys": """
  automl keys create --name ci --scope ml-workbench:read --expires-in-days 90 --json
  automl keys list
  automl keys revoke ci
""",
        "sources": """
  automl sources add lake data/lake
  automl sources add crm 'postgresql://ada:${env:PGPASSWORD}@db.example.org/crm'
  automl train crm.public.customers --label churned
""",
    },
}
