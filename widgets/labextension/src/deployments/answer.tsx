/** What a model has said, as a table. */

import type { Prediction } from '../api';
import { useAutoML } from '../context';
import { scoreText } from '../words';

/** Rows in the page at once. */
const SHOWN = 200;

export function Answer({
  predictions
}: {
  predictions: readonly Prediction[];
}) {
  const { trans } = useAutoML();
  const columns = Object.keys(predictions[0] ?? {});
  const label = trans.__('Predictions');
  return (
    <div
      className="jp-AutoML-wide jp-AutoML-answer"
      role="region"
      aria-live="polite"
      aria-label={label}
      tabIndex={0}
    >
      <table className="jp-AutoML-table">
        <caption>
          {predictions.length > SHOWN
            ? trans.__(
                'The first %1 of %2 predictions',
                SHOWN,
                predictions.length
              )
            : trans._n('%1 prediction', '%1 predictions', predictions.length)}
        </caption>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column} scope="col">
                <bdi>{column}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {predictions.slice(0, SHOWN).map((one, place) => (
            <tr key={place}>
              {columns.map(column => (
                <td key={column}>{written(column, one[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function written(column: string, value: unknown): string {
  if (typeof value === 'number') {
    return column.startsWith('probability_') ? scoreText(value) : String(value);
  }
  return value !== null && typeof value === 'object'
    ? JSON.stringify(value)
    : String(value ?? '–');
}
