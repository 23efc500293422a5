/** What to look for, which states, and in which order. */

import { HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import { useAutoML } from '../context';

const TYPING_PAUSE = 200;

export interface IChoice<S extends string> {
  search: string;
  status: S | '';
  /** As `field:asc` or `field:desc`; empty where the list has but one. */
  order: string;
}

interface IFiltersProps<S extends string> {
  choice: IChoice<S>;
  choose: (choice: IChoice<S>) => void;
  /** What the controls are called. */
  words: { search: string; placeholder: string; states: string };
  states: readonly (readonly [S, string])[];
  orders?: readonly (readonly [string, string])[];
}

export function Filters<S extends string>(props: IFiltersProps<S>) {
  const { choice, choose, words, states, orders } = props;
  const { trans } = useAutoML();
  return (
    <div className="jp-AutoML-filters" role="search">
      <InputGroup
        type="search"
        value={choice.search}
        rightIcon="ui-components:search"
        placeholder={words.placeholder}
        aria-label={words.search}
        onChange={event =>
          choose({
            ...choice,
            search: (event.target as HTMLInputElement).value
          })
        }
      />
      <HTMLSelect
        className={orders ? undefined : 'jp-mod-wide'}
        value={choice.status}
        aria-label={words.states}
        onChange={event =>
          choose({ ...choice, status: event.target.value as S | '' })
        }
      >
        <option value="">{trans.__('All states')}</option>
        {states.map(([status, word]) => (
          <option key={status} value={status}>
            {word}
          </option>
        ))}
      </HTMLSelect>
      {orders && (
        <HTMLSelect
          value={choice.order}
          aria-label={trans.__('Order')}
          onChange={event => choose({ ...choice, order: event.target.value })}
        >
          {orders.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </HTMLSelect>
      )}
    </div>
  );
}

/** A value once it has not changed for a moment: nobody types any more. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), TYPING_PAUSE);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}
