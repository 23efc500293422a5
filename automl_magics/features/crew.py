"""The crew at work: profile, design, write, validate, at most three rounds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.features import (
    FeatureEngineeringRequest,
    FeatureRecipe,
    JoinPlan,
    LabelType,
    RecipeFeature,
    ValidationSummary,
)
from automl_magics.features.author import Sample, write_sql
from automl_magics.features.cage import arrow, caged
from automl_magics.features.design import design
from automl_magics.features.expressions import check_expression
from automl_magics.features.placing import columns_by_role, label_expression
from automl_magics.features.planning import make_plan
from automl_magics.features.profile import TableProfile, profile_tables
from automl_magics.features.ranking import leaking_apart, rank
from automl_magics.features.validate import SECONDS, faults, validate

if TYPE_CHECKING:
    import duckdb

MAX_ROUNDS = 3
RANKED_ROWS = 8_000


class Listener(Protocol):
    """Hears what the crew does."""

    def step(self, name: str, message: str) -> None:
        """Take note that a step begins."""
        ...


@dataclass(frozen=True)
class Brief:
    """What a designer is given."""

    connection: "duckdb.DuckDBPyConnection"
    request: FeatureEngineeringRequest
    plan: JoinPlan
    tables: Mapping[str, TableProfile]
    withheld: frozenset[tuple[str, str]]
    """(role, column) pairs that make the label."""
    closed: frozenset[str]
    """Roles whose rows make the label with no moment in between."""


@dataclass(frozen=True)
class Draft:
    """A recipe, and what its designer has to say about it."""

    recipe: FeatureRecipe
    warnings: tuple[str, ...] = ()


class Designer(Protocol):
    """Designs a recipe."""

    def design(self, brief: Brief, complaints: Mapping[str, str]) -> Draft:
        """Return a recipe; ``complaints`` are the validator's about the one before, by feature."""
        ...


@dataclass(frozen=True)
class Proposal:
    """What the crew hands to a person."""

    recipe: FeatureRecipe
    plan: JoinPlan
    sql: str
    validation: ValidationSummary


def propose(
    request: FeatureEngineeringRequest,
    tables: Mapping[str, Path],
    sources: Mapping[str, str],
    *,
    scratch: Path,
    designer: Designer,
    listener: Listener,
) -> Proposal:
    """Return the proposal for a request.

    Parameters
    ----------
    tables
        The frozen rows of each source table, as Parquet, by short name.
    sources
        What the request calls each table, by short name.

    Raises
    ------
    InvalidInput
        When the request does not fit the data, or no recipe was found that runs.
    """
    with caged(tables, scratch) as connection:
        listener.step("profiling", f"Profiling {len(tables)} source tables.")
        profiles = profile_tables(connection, tables)
        plan = make_plan(connection, request, profiles, sources)
        brief = _brief(connection, request, plan, profiles)
        joined = ", ".join(role.name for role in plan.roles[1:]) or "nothing"
        listener.step(
            "designing", f"The grain is in {plan.entity_table}; it is joined to {joined}."
        )
        complaints: Mapping[str, str] = {}
        for number in range(1, MAX_ROUNDS + 1):
            draft = designer.design(brief, complaints)
            if not draft.recipe.features:
                raise InvalidInput(
                    "The crew found no feature.",
                    hint="Add source tables, or join_hints that connect them.",
                )
            listener.step("validating", f"Trying {len(draft.recipe.features)} features.")
            verdict = validate(connection, draft.recipe, plan)
            if verdict.summary is not None:
                told = [*verdict.summary.warnings, *_plan_warnings(brief), *draft.warnings]
                summary = verdict.summary.model_copy(update={"warnings": told})
                return Proposal(draft.recipe, plan, write_sql(draft.recipe, plan), summary)
            complaints = verdict.complaints
            name, text = next(iter(complaints.items()))
            listener.step(
                "designing",
                f"Round {number}: {len(complaints)} features do not run, e.g. {name}: {text}",
            )
    raise InvalidInput(
        f"The crew found no recipe that runs in {MAX_ROUNDS} rounds; the last error: {name}: {text}"
    )


class BuiltinDesigner:
    """Tries every feature that our rules know, and keeps those that tell something."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._draft: Draft | None = None

    def design(self, brief: Brief, complaints: Mapping[str, str]) -> Draft:
        """Return the best recipe, or the one before without what was complained about."""
        if self._draft is not None:
            recipe = self._draft.recipe
            kept = [one for one in recipe.features if one.name not in complaints]
            return replace(self._draft, recipe=recipe.model_copy(update={"features": kept}))
        request, plan = brief.request, brief.plan
        candidates = design(
            plan,
            brief.tables,
            withheld=brief.withheld,
            closed=brief.closed,
            taken=(*plan.grain, request.label.name, plan.time_column or ""),
        )
        recipe = _recipe(request, plan, candidates)
        wrong = faults(brief.connection, recipe, plan)
        candidates = [one for one in candidates if one.name not in wrong]
        self._listener.step("ranking", f"Ranking {len(candidates)} candidates on a sample.")
        chosen, leaking = self._chosen(brief, candidates)
        warnings = [
            f"{one.name} ({one.expression}) was left out: alone it gives the label away."
            for one in leaking
        ]
        self._draft = Draft(_recipe(request, plan, chosen), tuple(warnings))
        return self._draft

    @staticmethod
    def _chosen(
        brief: Brief, candidates: Sequence[RecipeFeature]
    ) -> tuple[list[RecipeFeature], list[RecipeFeature]]:
        recipe = _recipe(brief.request, brief.plan, candidates)
        sample = arrow(brief.connection, sample_of(recipe, brief.plan), seconds=SECONDS)
        label = brief.request.label
        found = rank(sample, label.name, label.type, [one.name for one in candidates])
        by_name = {one.name: one for one in candidates}
        useful = [by_name[name] for name in found.useful[: brief.request.max_features]]
        return useful, [by_name[name] for name in found.leaking]


def leaks(
    connection: "duckdb.DuckDBPyConnection", recipe: FeatureRecipe, plan: JoinPlan, scratch: Path
) -> list[RecipeFeature]:
    """Return the features that alone give the label away, on a sample."""
    sample = arrow(connection, sample_of(recipe, plan), seconds=SECONDS)
    by_name = {feature.name: feature for feature in recipe.features}
    asked = sample.select([recipe.label.name, *by_name])
    found = leaking_apart(asked, recipe.label.name, recipe.label.type, scratch)
    return [by_name[name] for name in found]


def sample_of(recipe: FeatureRecipe, plan: JoinPlan) -> str:
    """Return the SELECT of the rows that candidates are ranked on."""
    return write_sql(recipe, plan, sample=Sample(RANKED_ROWS), as_table=False)


def short_names(texts: Sequence[str]) -> dict[str, str]:
    """Return a plain name for each source table, and what the request calls it."""
    names: dict[str, str] = {}
    for text in texts:
        stem = Path(text).name.split(".")[0] if "/" in text or Path(text).suffix else text
        stem = (
            text.rpartition(".")[2]
            if re.fullmatch(r"\w+(\.\w+)+", text) and not _is_file(text)
            else stem
        )
        plain = re.sub(r"\W+", "_", stem).strip("_").lstrip("0123456789_") or "source"
        name, number = plain, 2
        while name.lower() in {known.lower() for known in names}:
            name, number = f"{plain}_{number}", number + 1
        names[name] = text
    return names


def _is_file(text: str) -> bool:
    from automl_magics.data.formats import PACKED, SUFFIXES

    return Path(text.lower()).suffix in SUFFIXES | PACKED


def _recipe(
    request: FeatureEngineeringRequest, plan: JoinPlan, features: Sequence[RecipeFeature]
) -> FeatureRecipe:
    return FeatureRecipe(
        target_table=request.target_table_name,
        entity_grain=list(plan.grain),
        label=request.label,
        features=list(features),
        notes=request.description,
    )


def _brief(
    connection: "duckdb.DuckDBPyConnection",
    request: FeatureEngineeringRequest,
    plan: JoinPlan,
    tables: Mapping[str, TableProfile],
) -> Brief:
    """Return the brief, with what makes the label set apart."""
    withheld: set[tuple[str, str]] = set()
    closed: set[str] = set()
    if request.label.type is not LabelType.NONE:
        text, home = label_expression(request.label, plan)
        checked = check_expression(text, columns_by_role(plan), home, field="label")
        timed = plan.time_column is not None or plan.cutoff is not None
        for role in plan.roles:
            read = {name for reader, name in checked.columns if _table(plan, reader) == role.table}
            if role.to_one:
                withheld |= {(role.name, name) for name in read}
            elif read and not (timed and role.time_column):
                closed |= _under(plan, role.name)
        if checked.is_aggregate and not checked.columns and not timed:
            closed |= {role.name for role in plan.roles if not role.to_one}
    return Brief(connection, request, plan, tables, frozenset(withheld), frozenset(closed))


def _under(plan: JoinPlan, name: str) -> set[str]:
    """Return a role and those that are reached through it."""
    found = {name}
    for role in plan.roles:  # parents come first
        if role.parent in found:
            found.add(role.name)
    return found


def _table(plan: JoinPlan, role: str) -> str:
    return next(one.table for one in plan.roles if one.name == role)


def _plan_warnings(brief: Brief) -> list[str]:
    """Return what a person should know of the joins."""
    plan = brief.plan
    timed = plan.time_column is not None or plan.cutoff is not None
    many = [role for role in plan.roles if role.step is not None and not role.step.to_one]
    found = [
        f"{name} makes the label and there is no moment between, so that its rows were not used."
        " Give time_column or cutoff."
        for name in sorted(brief.closed)
    ]
    if not timed and any(role.time_column for role in many):
        dated = sorted({role.name for role in many if role.time_column})
        found.append(
            f"No moment was given: rows of any time were used of {', '.join(dated)}."
            " Where the label is of a moment, give time_column or cutoff."
        )
    undated = sorted({role.name for role in many if timed and not role.time_column} - brief.closed)
    if undated:
        found.append(f"No time column, so that all rows were used: {', '.join(undated)}.")
    reached = {role.table for role in plan.roles}
    lost = [plan.sources[name] for name in plan.sources if name not in reached]
    if lost:
        found.append(f"No join was found to {', '.join(lost)}. Add join_hints.")
    return found
