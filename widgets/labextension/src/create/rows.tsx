/** The first rows of what one is about to train on. */

import type { SourceLook } from '../api';
import { useAutoML } from '../context';

interface IRowsProps {
  look: SourceLook;
  label: string;
  choose: (column: string) => void;
}

/** A small table; a click on a column's name makes it the label. */
export function Rows({ look, label, choose }: IRowsProps) {
  const { trans } = useAutoML();
  const marked = (column: string) => (column === label ? 'jp-mod-label' : '');
  const words = trans.__('The first rows; a column’s name makes it the label');
  return (
    <div
      className="jp-AutoML-rows"
      role="region"
      aria-label={words}
      tabIndex={0}
    >
      <table className="jp-AutoML-table">
        <caption>{words}</caption>
        <thead>
          <tr>
            {look.columns.map(({ name, type }) => (
              <th key={name} scope="col" className={marked(name)}>
                <button
                  type="button"
                  aria-pressed={name === label}
                  onClick={() => choose(name)}
                >
                  {name}
                </button>
                <small>{type}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {look.rows.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={column} className={marked(look.columns[column].name)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
