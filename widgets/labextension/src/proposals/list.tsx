/** The side panel's list of proposals, as they go. */

import type { ProposalStatus } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { List, type IListQuery } from '../lists/list';
import { Message } from '../message';
import { useProposals } from './queries';
import { ProposalRow } from './row';
import { proposalWord } from './words';

const STATUSES: ProposalStatus[] = [
  'pending_approval',
  'running',
  'approved',
  'materializing',
  'complete',
  'failed'
];

export function Proposals() {
  const { trans } = useAutoML();
  return (
    <List
      groups={[
        [trans.__('To be reviewed'), ['pending_approval']],
        [trans.__('At work'), ['running', 'approved', 'materializing']],
        [trans.__('Finished'), ['complete', 'failed']]
      ]}
      states={STATUSES.map(status => [status, proposalWord(trans, status)])}
      words={{
        search: trans.__('Search proposals'),
        placeholder: trans.__('Table or id'),
        states: trans.__('Show proposals that are'),
        none: trans.__('No proposal is like that'),
        all: trans.__('Show all proposals')
      }}
      useFound={useFound}
      row={job => <ProposalRow key={job.job_id} job={job} />}
      empty={<NoProposals />}
    />
  );
}

function useFound({
  search,
  status,
  limit,
  offset
}: IListQuery<ProposalStatus>) {
  return useProposals({ search, status, limit, offset });
}

function NoProposals() {
  const { commands, trans } = useAutoML();
  return (
    <Message
      title={trans.__('No proposals yet')}
      action={
        commands.hasCommand(CommandIDs.proposeTable)
          ? {
              label: trans.__('Propose a training table'),
              run: () => void commands.execute(CommandIDs.proposeTable)
            }
          : undefined
      }
    >
      {trans.__(
        'The crew looks at several tables and proposes one to train on. In a notebook:'
      )}
      <code>
        %automl features propose NAME --tables A,B --grain COLUMN --label COLUMN
      </code>
    </Message>
  );
}
