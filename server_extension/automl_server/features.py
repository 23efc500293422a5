"""The routes of feature engineering jobs, dialect A.

``…/edit``, ``…/details``, ``…/logs`` and the list's ``details`` and ``name`` are ours; the rest
is as published.
"""

from asyncio import to_thread
from typing import TYPE_CHECKING
from uuid import UUID

from automl_magics.contracts.features import (
    FeatureEngineeringApproval,
    FeatureEngineeringApprovalResponse,
    FeatureEngineeringJob,
    FeatureEngineeringList,
    FeatureEngineeringPage,
    FeatureEngineeringProposal,
    FeatureEngineeringRequest,
    FeatureJobListQuery,
    RecipeEdits,
    approval_of,
    proposal_of,
)
from automl_magics.contracts.http import JobLogs, LogQuery
from automl_server.backend import Backend
from automl_server.handler import UserHandler
from automl_server.identity import real_name
from automl_server.operation import Auth, Routes

if TYPE_CHECKING:
    from automl_magics.service import FeatureService

ROUTES = Routes("/api/automl/feature-engineering", tag="AutoML Feature Engineering", auth=Auth.USER)


@ROUTES.operation("POST", "", status=202)
async def create_feature_engineering_job(
    handler: UserHandler, body: FeatureEngineeringRequest
) -> FeatureEngineeringProposal:
    """Start the crew on a proposal.

    It looks at the source tables, designs a training table and tries it; the proposal then waits
    for approval.
    """
    features = await _features(handler)
    return proposal_of(await to_thread(features.create, body))


@ROUTES.operation("GET", "/jobs")
async def list_feature_engineering_jobs(
    handler: UserHandler, query: FeatureJobListQuery
) -> FeatureEngineeringList | FeatureEngineeringPage:
    """List feature engineering jobs, newest first."""
    features = await _features(handler)
    page = await to_thread(features.find, query)
    if query.details:
        return page
    listed = [proposal_of(job) for job in page.jobs]
    return FeatureEngineeringList(
        jobs=listed, count=page.count, limit=page.limit, offset=page.offset
    )


@ROUTES.operation("GET", "/jobs/{job_id}")
async def get_feature_engineering_job(
    handler: UserHandler, job_id: UUID
) -> FeatureEngineeringProposal:
    """Return one feature engineering job."""
    features = await _features(handler)
    return proposal_of(await to_thread(features.get, job_id))


@ROUTES.operation(
    "DELETE",
    "/jobs/{job_id}",
    status=204,
    refusals={409: "The crew is at work on it, or its table is being made."},
)
async def delete_feature_engineering_job(handler: UserHandler, job_id: UUID) -> None:
    """Delete a feature engineering job that nothing works on; a table that it made stays."""
    features = await _features(handler)
    await to_thread(features.delete, job_id)


@ROUTES.operation("POST", "/jobs/{job_id}/edit", refusals={409: "The job is not pending approval."})
async def edit_feature_engineering_job(
    handler: UserHandler, job_id: UUID, body: RecipeEdits
) -> FeatureEngineeringProposal:
    """Change a proposal before its approval; it is validated anew."""
    features = await _features(handler)
    return proposal_of(await to_thread(features.edit, job_id, body))


@ROUTES.operation(
    "POST",
    "/jobs/{job_id}/approve",
    status=202,
    refusals={409: "The job is not pending approval."},
)
async def approve_feature_engineering_job(
    handler: UserHandler, job_id: UUID, body: FeatureEngineeringApproval
) -> FeatureEngineeringApprovalResponse:
    """Apply edits, materialize the table, train if asked."""
    features = await _features(handler)
    return approval_of(await to_thread(features.approve, job_id, body))


@ROUTES.operation(
    "POST", "/jobs/{job_id}/retry", status=202, refusals={409: "The job has not failed."}
)
async def retry_feature_engineering_job(
    handler: UserHandler, job_id: UUID
) -> FeatureEngineeringProposal:
    """Re-run the crew on a failed job; what was approved is made as approved."""
    features = await _features(handler)
    return proposal_of(await to_thread(features.retry, job_id))


@ROUTES.operation("GET", "/jobs/{job_id}/details")
async def get_feature_engineering_job_details(
    handler: UserHandler, job_id: UUID
) -> FeatureEngineeringJob:
    """Return the whole record of one feature engineering job."""
    features = await _features(handler)
    return await to_thread(features.get, job_id)


@ROUTES.operation("GET", "/jobs/{job_id}/logs")
async def get_feature_engineering_job_logs(
    handler: UserHandler, job_id: UUID, query: LogQuery
) -> JobLogs:
    """Return log lines with ``seq > after``, oldest first."""
    features = await _features(handler)
    lines = await to_thread(features.logs, job_id, after=query.after, limit=query.limit)
    return JobLogs(logs=lines)


async def _features(handler: UserHandler) -> "FeatureService":
    backend: Backend = handler.extensionapp.backend
    return await backend.features_for(real_name(handler.current_user), handler.correlation_id)
