/** Which proposal it is, how it stands, and what can be done with it. */

import { Button, classes } from '@jupyterlab/ui-components';
import type { Proposal } from '../api';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { ProposalProgress } from '../proposals/progress';
import { isAtWork, proposalWord, tone } from '../proposals/words';
import { plain } from '../words';
import type { Review } from './review';

interface IHeaderProps {
  job: Proposal;
  review: Review;
  /** Whether there is something to keep. */
  hasEdits: boolean;
  /** Whether the edits can be handed in. */
  isSound: boolean;
}

export function Header({ job, review, hasEdits, isSound }: IHeaderProps) {
  const { commands, trans } = useAutoML();
  const { refusal, doing } = review.get();
  const args = { id: job.job_id, name: job.target_table_name };
  const isOpen = job.status === 'pending_approval';
  const isBusy = doing !== null;
  const run = (command: string) => void commands.execute(command, args);
  return (
    <div className="jp-AutoML-jobHeader">
      <div className="jp-AutoML-jobTitle">
        <h1>{job.target_table_name}</h1>
        <span
          className={classes('jp-AutoML-badge', `jp-mod-${tone(job.status)}`)}
        >
          {proposalWord(trans, job.status)}
        </span>
      </div>
      <p className="jp-AutoML-subtitle">{summary(job, trans)}</p>
      {job.error && (
        <p className="jp-AutoML-banner jp-mod-error" role="alert">
          {job.error}
        </p>
      )}
      {job.status === 'complete' &&
        job.approval?.auto_train &&
        !job.training_job_id && (
          <p className="jp-AutoML-banner jp-mod-warning" role="status">
            {trans.__(
              'The table is made, but its training was refused. The log says why.'
            )}
          </p>
        )}
      {refusal && (
        <p className="jp-AutoML-banner jp-mod-error" role="alert">
          {trans.__('Nothing was changed.')} {refusal.message}
        </p>
      )}
      <div
        className="jp-AutoML-actions"
        role="toolbar"
        aria-label={trans.__('Actions')}
      >
        {isOpen && (
          <>
            <Action
              label={
                doing === 'approve'
                  ? trans.__('Approving…')
                  : trans.__('Approve…')
              }
              isFirst
              disabled={isBusy || !isSound}
              run={() => void review.approve()}
            />
            <Action
              label={
                doing === 'keep'
                  ? trans.__('Checking…')
                  : trans.__('Check and Keep Edits')
              }
              disabled={isBusy || !hasEdits || !isSound}
              run={() => void review.keep()}
            />
          </>
        )}
        {job.status === 'failed' && (
          <Action
            label={trans.__('Retry')}
            isFirst
            run={() => run(CommandIDs.retryProposal)}
          />
        )}
        {job.training_job_id && (
          <Action
            label={trans.__('Open Training Job')}
            isFirst={job.status === 'complete'}
            run={() =>
              void commands.execute(CommandIDs.openJob, {
                id: job.training_job_id,
                name: job.target_table_name
              })
            }
          />
        )}
        {job.status === 'complete' &&
          !job.training_job_id &&
          commands.hasCommand(CommandIDs.createJob) && (
            <Action
              label={trans.__('Train a Model…')}
              isFirst
              run={() =>
                void commands.execute(CommandIDs.createJob, {
                  request: trainingRequest(job) as never
                })
              }
            />
          )}
        {!isAtWork(job.status) && (
          <Action
            label={trans.__('Delete…')}
            disabled={isBusy}
            run={() => run(CommandIDs.deleteProposal)}
          />
        )}
      </div>
      {isAtWork(job.status) && (
        <div className="jp-AutoML-underway">
          <ProposalProgress job={job} />
          <span>
            {job.progress
              ? plain(job.progress.step)
              : trans.__('Waits for its turn.')}
          </span>
        </div>
      )}
    </div>
  );
}

interface IActionProps {
  label: string;
  run: () => void;
  isFirst?: boolean;
  disabled?: boolean;
}

function Action({ label, run, isFirst, disabled }: IActionProps) {
  return (
    <Button
      small
      minimal={false}
      className={isFirst ? 'jp-mod-styled jp-mod-accept' : 'jp-mod-styled'}
      disabled={disabled}
      onClick={run}
    >
      {label}
    </Button>
  );
}

function summary(
  job: Proposal,
  trans: ReturnType<typeof useAutoML>['trans']
): string {
  const { request } = job;
  const label = job.recipe?.label ?? request.label;
  const grain = trans.__('a row for each %1', request.entity_grain.join(', '));
  return [
    request.source_tables.join(', '),
    grain,
    label.type === 'none'
      ? trans.__('no label')
      : `${label.name} = ${label.column ?? label.derivation}`
  ].join(' · ');
}

/** What a new training job on the finished table starts with. */
function trainingRequest(job: Proposal) {
  const label = job.recipe?.label;
  return {
    source_table: job.target_table_name,
    feature_columns: job.recipe?.features?.map(({ name }) => name),
    feature_engineering_job_id: job.job_id,
    ...(label && label.type !== 'none' && { label_column: label.name })
  };
}
