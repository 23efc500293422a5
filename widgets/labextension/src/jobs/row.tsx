/** One job of the list. */

import { classes, LabIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { TrainingJob } from '../api';
import { hasEnded } from '../changes';
import { CommandIDs } from '../commands';
import { useAutoML } from '../context';
import { JobProgress } from '../status';
import { ago, bestScore, plain, scoreText, statusWord } from '../words';
import { startsDrag } from './drag';
import { Sparkline } from './sparkline';

export function JobRow({ job }: { job: TrainingJob }) {
  const { commands, trans } = useAutoML();
  const best = bestScore(job);
  const args = { id: job.job_id, name: job.name };
  const when = job.finished_at ?? job.started_at ?? job.created_at;
  return (
    <li
      className="jp-AutoML-job"
      data-job-id={job.job_id}
      data-job-name={job.name}
    >
      <button
        className="jp-AutoML-jobOpen"
        title={
          job.error_message ??
          `${job.source_table} → ${job.request.label_column ?? '–'}`
        }
        onMouseDown={event => startsDrag(event, job)}
        onClick={() => void commands.execute(CommandIDs.openJob, args)}
      >
        <span className="jp-AutoML-jobTop">
          <span
            className={classes('jp-AutoML-dot', `jp-mod-${job.status}`)}
            aria-hidden
          />
          <span className="jp-AutoML-jobName" dir="auto">
            {job.name}
          </span>
          <Sparkline job={job} />
        </span>
        <span className="jp-AutoML-jobBottom">
          <span>{statusWord(trans, job.status)}</span>
          {best && (
            <span>
              {plain(best.metric)} {scoreText(best.score)}
            </span>
          )}
          <time dateTime={when}>{ago(when)}</time>
        </span>
        {job.error_message && job.status === 'failed' && (
          <span className="jp-AutoML-jobError">{job.error_message}</span>
        )}
      </button>
      {!hasEnded(job.status) && job.status !== 'ready' && (
        <JobProgress job={job} />
      )}
      <RowAction job={job} />
    </li>
  );
}

/** The one thing that a job in this state most likely wants. */
function RowAction({ job }: { job: TrainingJob }) {
  const { commands, trans } = useAutoML();
  if (hasEnded(job.status)) {
    return null;
  }
  const isReady = job.status === 'ready';
  const command = isReady ? CommandIDs.triggerJob : CommandIDs.stopJob;
  const icon: LabIcon = isReady ? runIcon : stopIcon;
  const label = isReady
    ? trans.__('Start %1', job.name)
    : trans.__('Stop %1', job.name);
  return (
    <button
      className="jp-AutoML-jobAction"
      title={label}
      aria-label={label}
      onClick={() =>
        void commands.execute(command, { id: job.job_id, name: job.name })
      }
    >
      <icon.react tag="span" />
    </button>
  );
}
