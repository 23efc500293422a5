/** A job's state, as a mark and as a bar. */

import { classes } from '@jupyterlab/ui-components';
import type { JobStatus, TrainingJob } from './api';
import { useAutoML } from './context';
import { fractionDone, plain, statusWord } from './words';

/** The state as a word on its colour. */
export function StatusBadge({ status }: { status: JobStatus }) {
  const { trans } = useAutoML();
  return (
    <span className={classes('jp-AutoML-badge', `jp-mod-${status}`)}>
      {statusWord(trans, status)}
    </span>
  );
}

/** How far a job has come that is under way. */
export function JobProgress({ job }: { job: TrainingJob }) {
  const { trans } = useAutoML();
  const fraction = fractionDone(job);
  const percent = fraction === null ? null : Math.round(100 * fraction);
  const phase = plain(job.progress?.phase ?? statusWord(trans, job.status));
  return (
    <div
      className={classes(
        'jp-AutoML-progress',
        percent === null && 'jp-mod-unknown'
      )}
      role="progressbar"
      aria-label={trans.__('Progress of %1', job.name)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      aria-valuetext={percent === null ? phase : `${phase}, ${percent} %`}
    >
      <div style={{ width: `${percent ?? 0}%` }} />
    </div>
  );
}
