"""The published pages' examples, as the OpenAPI document shows them.

Where a page only says ``<string>``, something stands that makes sense.
"""

from typing import Any

Example = dict[str, Any]

_JOB_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
_MOMENT = "2023-11-07T05:31:56Z"

JOB_A: Example = {
    "job_id": _JOB_ID,
    "name": "churn",
    "domain": "sales",
    "owner": "ada",
    "source_table": "data/churn.csv",
    "problem_type": "binary_classification",
    "algorithm": "lightgbm_classifier",
    "preset": "balanced",
    "status": "queued",
    "rendered_dag": None,
    "mlflow_run_id": None,
    "mlflow_experiment_name": "automl-sales",
    "registered_model_name": "sales-churn",
    "airflow_dag_id": None,
    "airflow_dag_url": None,
    "error_message": None,
    "feature_engineering_job_id": None,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}
CREATE_A: Example = {
    "body": {
        "name": "churn",
        "domain": "sales",
        "source_table": "data/churn.csv",
        "label_column": "churned",
        "preset": "balanced",
        "auto_trigger": False,
    },
    "answer": JOB_A | {"status": "ready"},
}
LIST_A: Example = {"answer": {"jobs": [JOB_A], "count": 1, "limit": 20, "offset": 0}}
READ_A: Example = {"answer": JOB_A}
STOP_A: Example = {
    "answer": JOB_A | {"status": "failed", "error_message": "Stopped by ada"},
}
STATUS_A: Example = {
    "body": {
        "status": "complete",
        "mlflow_run_id": "0f2b3c4d5e6f47081920a1b2c3d4e5f6",
        "registered_model_name": "sales-churn",
        "error_message": None,
    },
    "answer": JOB_A | {"status": "complete", "mlflow_run_id": "0f2b3c4d5e6f47081920a1b2c3d4e5f6"},
}

_SUMMARY_B: Example = {
    "id": "aml_abc123",
    "name": "Churn Prediction Model",
    "status": "running",
    "description": "Predicting customer churn from usage and billing data",
    "dataset": "ds_customers_001",
    "problemType": "binary_classification",
    "predictorType": "tabular",
    "owner": "user_456",
    "organizationId": "org_xyz",
    "targetColumn": "churned",
    "preset": "best_quality",
    "startedAt": "2025-02-01T10:00:00Z",
    "finishedAt": None,
    "createdAt": "2025-02-01T09:55:00Z",
    "updatedAt": "2025-02-01T12:30:00Z",
}
READ_B: Example = {"answer": _SUMMARY_B | {"timeLimit": 3600, "error": None}}
LIST_B: Example = {"answer": {"count": 10, "limit": 20, "offset": 0, "jobs": [_SUMMARY_B]}}
CREATE_B: Example = {
    "body": {
        "name": "Churn Prediction Model",
        "dataset": "ds_customers_001",
        "targetColumn": "churned",
        "problemType": "binary_classification",
        "predictorType": "tabular",
        "preset": "best_quality",
        "timeLimit": 3600,
        "metric": "f1",
        "featureColumns": ["usage_days", "monthly_spend", "support_tickets", "plan_type"],
        "labelColumn": "churned",
        "dataSource": "ds_postgres_main",
        "hardware": "gpu-a100-40gb",
        "advanced": {"excludeModels": ["KNN"], "enableEnsemble": True},
    },
    "answer": {
        "id": "aml_abc123",
        "name": "Churn Prediction Model",
        "status": "queued",
        "createdAt": "2025-02-01T09:55:00Z",
    },
}
STOP_B: Example = {
    "answer": {
        "id": "aml_abc123",
        "status": "stopped",
        "message": "AutoML job stopped successfully",
    }
}
DEPLOY_B: Example = {
    "answer": {
        "id": "aml_abc123",
        "modelId": "model_xyz789",
        "modelName": "Churn Prediction Model - Best",
        "status": "deployed",
        "message": "Best model deployed successfully",
    }
}
LOGS_B: Example = {
    "answer": {
        "jobId": "aml_abc123",
        "logs": [
            {
                "timestamp": "2025-02-01T10:00:05Z",
                "level": "info",
                "message": "AutoML job started - problem type: binary_classification",
            },
            {
                "timestamp": "2025-02-01T10:15:30Z",
                "level": "info",
                "message": "Model training: LightGBM completed - f1: 0.891",
            },
        ],
    }
}
STATS_B: Example = {"answer": {"total": 10, "running": 1, "completed": 6, "failed": 2, "queued": 1}}
SOURCES_B: Example = {
    "answer": {
        "sources": [
            {"id": "crm", "kind": "postgresql", "error": None},
            {"id": "lake", "kind": "folder", "error": None},
        ]
    }
}
HARDWARE_B: Example = {
    "answer": {
        "hardware": [
            {
                "id": "local",
                "description": None,
                "executor": "kernel",
                "threads": 2,
                "memoryLimitBytes": None,
                "gpu": False,
                "airflowPool": None,
                "airflowQueue": None,
            },
            {
                "id": "gpu-a100-40gb",
                "description": "One A100 in the cluster",
                "executor": "airflow",
                "threads": 16,
                "memoryLimitBytes": 64000000000,
                "gpu": True,
                "airflowPool": "gpu",
                "airflowQueue": "gpu",
            },
        ]
    }
}
DATASETS_B: Example = {
    "answer": {
        "datasets": [
            {
                "id": "ds_customers_001",
                "name": "Customer Data Q4 2024",
                "rows": 150000,
                "columns": 24,
                "sizeBytes": 45000000,
                "format": "csv",
                "createdAt": "2025-01-10T08:00:00Z",
            },
            {
                "id": "ds_transactions_002",
                "name": "Transaction History",
                "rows": 2500000,
                "columns": 18,
                "sizeBytes": 320000000,
                "format": "parquet",
                "createdAt": "2025-01-12T14:30:00Z",
            },
        ]
    }
}

_KEY = {
    "prefix": "0f2b3c4d5e6f",
    "name": "nightly scoring",
    "owner": "ada",
    "scopes": ["ml-workbench:read"],
    "created_at": _MOMENT,
    "last_used_at": None,
    "expires_at": None,
    "revoked_at": None,
}
KEYS: Example = {"answer": {"keys": [_KEY]}}
NEW_KEY: Example = {
    "body": {
        "name": "nightly scoring",
        "scopes": ["ml-workbench:read"],
        "expires_in_days": None,
    },
    "answer": _KEY | {"key": "automl_0f2b3c4d5e6f_<43 characters, shown this once>"},
}
REVOKED_KEY: Example = {"answer": _KEY | {"revoked_at": _MOMENT}}
