/** The side panel's list of training jobs, as they go. */

import type { JobQuery, JobStatus } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { List, type IListQuery } from '../lists/list';
import { Message } from '../message';
import { useJobs } from '../queries';
import { statusWord } from '../words';
import { JobRow } from './row';

const STATUSES: JobStatus[] = [
  'running',
  'queued',
  'ready',
  'complete',
  'failed',
  'stopped'
];

export function Jobs() {
  const { trans } = useAutoML();
  return (
    <List
      groups={[
        [trans.__('Running'), ['running', 'queued']],
        [trans.__('Ready'), ['ready']],
        [trans.__('Finished'), ['complete', 'failed', 'stopped']]
      ]}
      states={STATUSES.map(status => [status, statusWord(trans, status)])}
      orders={[
        ['created_at:desc', trans.__('Newest first')],
        ['created_at:asc', trans.__('Oldest first')],
        ['updated_at:desc', trans.__('Last changed')],
        ['finished_at:desc', trans.__('Last finished')],
        ['name:asc', trans.__('Name')]
      ]}
      words={{
        search: trans.__('Search jobs'),
        placeholder: trans.__('Name, source or id'),
        states: trans.__('Show jobs that are'),
        none: trans.__('No job is like that'),
        all: trans.__('Show all jobs')
      }}
      useFound={useFound}
      row={job => <JobRow key={job.job_id} job={job} />}
      empty={<NoJobs />}
    />
  );
}

function useFound({ order, ...query }: IListQuery<JobStatus>) {
  const [sort, direction] = order.split(':');
  return useJobs({
    ...query,
    sort: sort as JobQuery['sort'],
    descending: direction === 'desc'
  });
}

function NoJobs() {
  const { commands, trans } = useAutoML();
  return (
    <Message
      title={trans.__('No jobs yet')}
      action={
        commands.hasCommand(CommandIDs.createJob)
          ? {
              label: trans.__('Train a model'),
              run: () => void commands.execute(CommandIDs.createJob)
            }
          : undefined
      }
    >
      {trans.__('In a notebook, this trains a first model:')}
      <code>%load_ext automl_magics</code>
      <code>%automl train data.csv --label COLUMN</code>
    </Message>
  );
}
