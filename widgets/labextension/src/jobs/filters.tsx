/** What to look for, which states, and in which order. */

import { HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import type { JobQuery, JobStatus } from '../api';
import { useAutoML } from '../context';
import { statusWord } from '../words';

const STATUSES: JobStatus[] = [
  'running',
  'queued',
  'ready',
  'complete',
  'failed',
  'stopped'
];
const TYPING_PAUSE = 200;

export interface IChoice {
  search: string;
  status: JobStatus | '';
  sort: NonNullable<JobQuery['sort']>;
  descending: boolean;
}

export const NEWEST: IChoice = {
  search: '',
  status: '',
  sort: 'created_at',
  descending: true
};

interface IFiltersProps {
  choice: IChoice;
  choose: (choice: IChoice) => void;
}

export function Filters({ choice, choose }: IFiltersProps) {
  const { trans } = useAutoML();
  const orders: [string, string][] = [
    ['created_at:desc', trans.__('Newest first')],
    ['created_at:asc', trans.__('Oldest first')],
    ['updated_at:desc', trans.__('Last changed')],
    ['finished_at:desc', trans.__('Last finished')],
    ['name:asc', trans.__('Name')]
  ];
  const order = `${choice.sort}:${choice.descending ? 'desc' : 'asc'}`;
  const reorder = (chosen: string) => {
    const [sort, direction] = chosen.split(':');
    choose({
      ...choice,
      sort: sort as IChoice['sort'],
      descending: direction === 'desc'
    });
  };
  return (
    <div className="jp-AutoML-filters" role="search">
      <InputGroup
        type="search"
        value={choice.search}
        rightIcon="ui-components:search"
        placeholder={trans.__('Name, source or id')}
        aria-label={trans.__('Search jobs')}
        onChange={event =>
          choose({
            ...choice,
            search: (event.target as HTMLInputElement).value
          })
        }
      />
      <HTMLSelect
        value={choice.status}
        aria-label={trans.__('Show jobs that are')}
        onChange={event =>
          choose({ ...choice, status: event.target.value as IChoice['status'] })
        }
      >
        <option value="">{trans.__('All states')}</option>
        {STATUSES.map(status => (
          <option key={status} value={status}>
            {statusWord(trans, status)}
          </option>
        ))}
      </HTMLSelect>
      <HTMLSelect
        value={order}
        aria-label={trans.__('Order')}
        onChange={event => reorder(event.target.value)}
      >
        {orders.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </HTMLSelect>
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
