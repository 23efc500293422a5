/** What became of trying the statement: rows, label, missing values, warnings. */

import type { Proposal } from '../api';
import { useAutoML } from '../context';
import { scoreText } from '../words';

export function Validation({ job }: { job: Proposal }) {
  const { trans } = useAutoML();
  const { validation } = job;
  if (!validation) {
    return null;
  }
  const distribution = Object.entries(validation.label_distribution ?? {});
  const warnings = validation.warnings ?? [];
  const rows = job.training_rows ?? validation.estimated_row_count;
  const isNumber = job.recipe?.label.type === 'regression';
  const missing = Object.keys(validation.high_null_columns ?? {}).length;
  return (
    <section aria-label={trans.__('Validation')}>
      <h2>{trans.__('Validation')}</h2>
      <dl className="jp-AutoML-facts">
        <Fact name={trans.__('Rows')}>{rows?.toLocaleString() ?? '–'}</Fact>
        {distribution.length > 0 && (
          <Fact name={trans.__('Label')}>
            {distribution
              .slice(0, 12)
              .map(([value, count]) =>
                isNumber
                  ? `${value} ${scoreText(count as number | null)}`
                  : trans.__(
                      '%1: %2 rows',
                      value,
                      Number(count).toLocaleString()
                    )
              )
              .join(' · ')}
            {distribution.length > 12 && ' …'}
          </Fact>
        )}
        {missing > 0 && (
          <Fact name={trans.__('Mostly missing')}>
            {trans._n(
              '%1 feature has no value in more than half of the rows',
              '%1 features have no value in more than half of the rows',
              missing
            )}
          </Fact>
        )}
      </dl>
      {warnings.length > 0 && (
        <div className="jp-AutoML-warnings">
          <h3>{trans.__('Warnings')}</h3>
          <ul>
            {warnings.map(warning => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

export function Fact(props: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
