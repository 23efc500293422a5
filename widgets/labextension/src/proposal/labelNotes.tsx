/** The label and the notes of a proposal, to be changed. */

import { useMemo } from 'react';
import type { FeatureRecipe, Proposal } from '../api';
import { useAutoML } from '../context';
import { fieldsOf } from '../form/fields';
import { Fieldset } from '../form/fieldset';
import { useSchemas } from '../queries';
import type { IDraft } from './draft';
import { labelOf, labelValues } from './label';
import type { Review } from './review';

interface ILabelProps {
  job: Proposal;
  recipe: FeatureRecipe;
  review: Review;
  draft: IDraft;
  /** What the server refused, by the label's field. */
  refused: Readonly<Record<string, string>>;
  refusedNotes: string;
}

export function LabelAndNotes(props: ILabelProps) {
  const { job, recipe, review, draft, refused, refusedNotes } = props;
  const { trans } = useAutoML();
  const schemas = useSchemas();
  const fields = useMemo(
    () => (schemas.data ? fieldsOf(schemas.data, 'LabelSpec') : []),
    [schemas.data]
  );
  const values = labelValues(draft.label ?? recipe.label);
  const columns = [
    ...new Set(Object.values(job.plan?.columns ?? {}).flatMap(Object.keys))
  ];
  const known = new Set(fields.map(({ name }) => name));
  const rest = Object.entries(refused).filter(([name]) => !known.has(name));
  return (
    <>
      <section className="jp-AutoML-label" aria-label={trans.__('Label')}>
        <h2>{trans.__('Label')}</h2>
        {rest.map(([name, message]) => (
          <p key={name} className="jp-AutoML-banner jp-mod-error" role="alert">
            {message}
          </p>
        ))}
        <Fieldset
          fields={fields}
          values={values}
          change={some => review.change({ label: labelOf(some, recipe.label) })}
          offers={{ column: columns }}
          faults={refused}
          isTried
        />
      </section>
      <section className="jp-AutoML-label" aria-label={trans.__('Notes')}>
        <h2>{trans.__('Notes')}</h2>
        <textarea
          className="jp-mod-styled"
          rows={3}
          aria-label={trans.__('Notes')}
          aria-invalid={!!refusedNotes}
          value={draft.notes ?? recipe.notes ?? ''}
          onChange={event => review.change({ notes: event.target.value })}
        />
        {refusedNotes && (
          <strong className="jp-AutoML-wrong" role="alert">
            {refusedNotes}
          </strong>
        )}
      </section>
    </>
  );
}
