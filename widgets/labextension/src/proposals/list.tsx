/** The side panel's list of proposals, as they go. */

import { HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { ProposalQuery, ProposalStatus } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { useSettled } from '../jobs/filters';
import { useMinutes } from '../jobs/panel';
import { Folding, PAGE, usePage } from '../jobs/section';
import { Message, Problem } from '../message';
import { useProposals } from './queries';
import { ProposalRow } from './row';
import { proposalWord } from './words';

interface IChoice {
  search: string;
  status: ProposalStatus | '';
}

const ALL: IChoice = { search: '', status: '' };

export function Proposals() {
  const { trans } = useAutoML();
  const [choice, choose] = useState(ALL);
  const { search, status } = useSettled(choice);
  const sections: [string, ProposalStatus[]][] = [
    [trans.__('To be reviewed'), ['pending_approval']],
    [trans.__('At work'), ['running', 'approved', 'materializing']],
    [trans.__('Finished'), ['complete', 'failed']]
  ];
  useMinutes();
  return (
    <>
      <Filters choice={choice} choose={choose} />
      <div className="jp-AutoML-sections">
        {sections.map(([title, members]) => {
          const shown = status
            ? members.filter(one => one === status)
            : members;
          return (
            shown.length > 0 && (
              <Section
                key={title}
                title={title}
                query={{ search, status: shown }}
              />
            )
          );
        })}
        <WhenEmpty choice={{ search, status }} clear={() => choose(ALL)} />
      </div>
    </>
  );
}

interface IFiltersProps {
  choice: IChoice;
  choose: (choice: IChoice) => void;
}

function Filters({ choice, choose }: IFiltersProps) {
  const { trans } = useAutoML();
  const statuses: ProposalStatus[] = [
    'pending_approval',
    'running',
    'approved',
    'materializing',
    'complete',
    'failed'
  ];
  return (
    <div className="jp-AutoML-filters" role="search">
      <InputGroup
        type="search"
        value={choice.search}
        rightIcon="ui-components:search"
        placeholder={trans.__('Table or id')}
        aria-label={trans.__('Search proposals')}
        onChange={event =>
          choose({
            ...choice,
            search: (event.target as HTMLInputElement).value
          })
        }
      />
      <HTMLSelect
        className="jp-mod-wide"
        value={choice.status}
        aria-label={trans.__('Show proposals that are')}
        onChange={event =>
          choose({ ...choice, status: event.target.value as IChoice['status'] })
        }
      >
        <option value="">{trans.__('All states')}</option>
        {statuses.map(status => (
          <option key={status} value={status}>
            {proposalWord(trans, status)}
          </option>
        ))}
      </HTMLSelect>
    </div>
  );
}

interface ISectionProps {
  title: string;
  query: ProposalQuery;
}

function Section({ title, query }: ISectionProps) {
  const [page, setPage] = usePage(query);
  const found = useProposals({ ...query, limit: PAGE, offset: page * PAGE });
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
      {found.data?.jobs.map(job => (
        <ProposalRow key={job.job_id} job={job} />
      ))}
    </Folding>
  );
}

interface IWhenEmptyProps {
  choice: IChoice;
  clear: () => void;
}

function WhenEmpty({ choice, clear }: IWhenEmptyProps) {
  const { commands, trans } = useAutoML();
  const { search, status } = choice;
  const any = useProposals({
    search,
    status: status ? [status] : [],
    limit: 1
  });
  if (!any.data || any.data.count) {
    return null;
  }
  if (search || status) {
    return (
      <Message
        title={trans.__('No proposal is like that')}
        action={{ label: trans.__('Show all proposals'), run: clear }}
      />
    );
  }
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
