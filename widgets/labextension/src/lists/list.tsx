/** A list of the side panel: filtered, in groups, page by page. */

import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { Message, Problem } from '../message';
import { Filters, useSettled, type IChoice } from './filters';
import { Folding, PAGE, usePage } from './section';

/** What is asked for; the server filters, sorts and cuts. */
export interface IListQuery<S extends string> {
  search: string;
  status: S[];
  /** As `field:asc` or `field:desc`; empty where the list has but one. */
  order: string;
  limit: number;
  offset: number;
}

export interface IListProps<S extends string, J> {
  /** The states of each group, under its title. */
  groups: readonly (readonly [string, readonly S[]])[];
  states: readonly (readonly [S, string])[];
  orders?: readonly (readonly [string, string])[];
  words: {
    search: string;
    placeholder: string;
    states: string;
    none: string;
    all: string;
  };
  /** Looks for a page; a hook. */
  useFound: (
    query: IListQuery<S>
  ) => UseQueryResult<{ count: number; jobs: J[] }>;
  row: (job: J) => ReactNode;
  /** What stands where there is nothing at all. */
  empty: ReactNode;
}

export function List<S extends string, J>(props: IListProps<S, J>) {
  const { groups, states, orders, words, useFound, row, empty } = props;
  const first: IChoice<S> = {
    search: '',
    status: '',
    order: orders?.[0][0] ?? ''
  };
  const [choice, choose] = useState(first);
  const { search, status, order } = useSettled(choice);
  const any = useFound({
    search,
    status: status ? [status] : [],
    order,
    limit: 1,
    offset: 0
  });
  const isEmpty = any.data?.count === 0;
  useMinutes();
  return (
    <>
      <Filters
        choice={choice}
        choose={choose}
        words={words}
        states={states}
        orders={orders}
      />
      <div className="jp-AutoML-sections">
        {groups.map(([title, members]) => {
          const shown = members.filter(one => !status || one === status);
          return (
            shown.length > 0 && (
              <Section
                key={title}
                title={title}
                query={{ search, status: shown, order }}
                useFound={useFound}
                row={row}
              />
            )
          );
        })}
        {isEmpty &&
          (search || status ? (
            <Message
              title={words.none}
              action={{ label: words.all, run: () => choose(first) }}
            />
          ) : (
            empty
          ))}
      </div>
    </>
  );
}

interface ISectionProps<S extends string, J> extends Pick<
  IListProps<S, J>,
  'useFound' | 'row'
> {
  title: string;
  /** The page is the section's own. */
  query: Omit<IListQuery<S>, 'limit' | 'offset'>;
}

function Section<S extends string, J>(props: ISectionProps<S, J>) {
  const { title, query, useFound, row } = props;
  const [page, setPage] = usePage(query);
  const found = useFound({ ...query, limit: PAGE, offset: page * PAGE });
  if (found.error && !found.data) {
    return <Problem error={found.error} retry={() => void found.refetch()} />;
  }
  return (
    <Folding
      title={title}
      count={found.data?.count ?? 0}
      page={page}
      setPage={setPage}
      isSettled={!found.isPlaceholderData}
    >
      {found.data?.jobs.map(row)}
    </Folding>
  );
}

/** Render again each minute, as "5 min ago" grows old. */
function useMinutes(): void {
  const [, setMinutes] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(
      () => setMinutes(minutes => minutes + 1),
      60_000
    );
    return () => window.clearInterval(timer);
  }, []);
}
