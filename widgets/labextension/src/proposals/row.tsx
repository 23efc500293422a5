/** One proposal of the list. */

import { classes } from '@jupyterlab/ui-components';
import type { Proposal } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { ago, plain } from '../words';
import { ProposalProgress } from './progress';
import { isAtWork, proposalWord, tone } from './words';

export function ProposalRow({ job }: { job: Proposal }) {
  const { commands, trans } = useAutoML();
  const { request } = job;
  const args = { id: job.job_id, name: job.target_table_name };
  const when = job.finished_at ?? job.updated_at;
  return (
    <li
      className="jp-AutoML-job jp-AutoML-proposal"
      data-proposal-id={job.job_id}
      data-proposal-name={job.target_table_name}
    >
      <button
        className="jp-AutoML-jobOpen"
        title={job.error ?? request.source_tables.join(', ')}
        onClick={() => void commands.execute(CommandIDs.openProposal, args)}
      >
        <span className="jp-AutoML-jobTop">
          <span
            className={classes('jp-AutoML-dot', `jp-mod-${tone(job.status)}`)}
            aria-hidden
          />
          <span className="jp-AutoML-jobName">{job.target_table_name}</span>
        </span>
        <span className="jp-AutoML-jobBottom">
          <span>
            {proposalWord(trans, job.status)}
            {isAtWork(job.status) &&
              job.progress &&
              `: ${plain(job.progress.step)}`}
          </span>
          <span>
            {typeof job.training_rows === 'number'
              ? trans._n('%1 row', '%1 rows', job.training_rows)
              : trans._n('%1 table', '%1 tables', request.source_tables.length)}
          </span>
          <time dateTime={when}>{ago(when)}</time>
        </span>
        {job.error && job.status === 'failed' && (
          <span className="jp-AutoML-jobError">{job.error}</span>
        )}
      </button>
      {isAtWork(job.status) && <ProposalProgress job={job} />}
    </li>
  );
}
