"""Where in the join plan an expression belongs: which rows it reads, and whether it may."""

from collections.abc import Mapping

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.features import JoinPlan, LabelSpec, RecipeFeature, Role
from automl_magics.features.expressions import Checked, check_expression
from automl_magics.features.quoting import identifier


def check_feature(feature: RecipeFeature, plan: JoinPlan) -> Checked:
    """Return a feature's expression, let through and fit for its table's place in the plan.

    Raises
    ------
    InvalidInput
        When it is not; ``field`` is the feature's name.
    """
    role = role_of_feature(feature, plan)
    checked = check_expression(feature.expression, columns_by_role(plan), role, field=feature.name)
    fact_of(checked, role, plan, feature.name)
    return checked


def role_of_feature(feature: RecipeFeature, plan: JoinPlan) -> str:
    """Return the role that a feature's ``source_table`` names."""
    lowered = feature.source_table.lower()
    for role in plan.roles:
        if role.name.lower() == lowered:
            return role.name
    for role in plan.roles:
        if lowered in (role.table.lower(), plan.sources.get(role.table, "").lower()):
            return role.name
    raise InvalidInput(
        f"No source table {feature.source_table!r} is within reach of the grain.",
        hint=f"There is {', '.join(role.name for role in plan.roles)}.",
        field=feature.name,
    )


def columns_by_role(plan: JoinPlan) -> dict[str, dict[str, str]]:
    """Return DuckDB's type by column, by role."""
    found = {role.name: plan.columns[role.table] for role in plan.roles}
    if plan.distinct:
        first = plan.roles[0]
        found[first.name] = {name: found[first.name][name] for name in plan.grain}
    return found


def label_expression(label: LabelSpec, plan: JoinPlan) -> tuple[str, str]:
    """Return a label's expression, and the role that its plain columns belong to."""
    home = plan.roles[0].name
    if label.derivation is not None:
        return label.derivation, home
    table, _, name = str(label.column).rpartition(".")
    if table:
        return f"{identifier(_role_named(table, plan))}.{identifier(name)}", home
    lowered = name.lower()
    for role in plan.roles:
        if role.to_one and lowered in {one.lower() for one in plan.columns[role.table]}:
            return identifier(name), role.name
    return identifier(name), home


def fact_of(checked: Checked, home: str, plan: JoinPlan, field: str) -> str | None:
    """Return the role whose rows an expression aggregates; None for an attribute."""
    roles: Mapping[str, Role] = {role.name: role for role in plan.roles}
    facts = {_fact(roles[name], roles) for name in (checked.roles or {home})} - {None}
    if checked.is_aggregate and not facts and (own := _fact(roles[home], roles)) is not None:
        facts = {own}
    ordered = [role.name for role in plan.roles if role.name in facts]
    for fact in ordered[:-1]:
        if fact not in _ancestors(roles[ordered[-1]], roles):
            raise InvalidInput(
                f"The expression reads rows of {ordered[0]} and of {ordered[-1]}.",
                hint="Make it two features.",
                field=field,
            )
    if not ordered:
        if checked.is_aggregate:
            raise InvalidInput(
                "An aggregate needs a table with several rows to a row of the grain.", field=field
            )
        return None
    if not checked.is_aggregate:
        raise InvalidInput(
            f"{ordered[-1]} has several rows to a row of the grain.",
            hint="Aggregate them: sum(…), max(…), count(*), …",
            field=field,
        )
    outside = [name for name in checked.bare if _fact(roles[name], roles) is not None]
    if outside or checked.bare:
        raise InvalidInput(
            f"A column of {sorted(checked.bare)[0]} stands outside the aggregate.",
            hint="Put it inside, e.g. into min(…).",
            field=field,
        )
    return ordered[-1]


def _role_named(table: str, plan: JoinPlan) -> str:
    lowered = table.lower()
    for role in plan.roles:
        if lowered in (role.name.lower(), plan.sources.get(role.table, "").lower()):
            return role.name
    return table


def _fact(role: Role, roles: Mapping[str, Role]) -> str | None:
    """Return the last role on the way to this one that has many rows; None where none has."""
    here: Role | None = role
    while here is not None and here.step is not None:
        if not here.step.to_one:
            return here.name
        here = roles.get(here.parent or "")
    return None


def _ancestors(role: Role, roles: Mapping[str, Role]) -> set[str]:
    found: set[str] = set()
    here: Role | None = role
    while here is not None:
        found.add(here.name)
        here = roles.get(here.parent or "")
    return found
