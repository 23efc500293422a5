/** The state of a job, as a mark and as a bar. */

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

/** How far a training job has come that is under way. */
export function JobProgress({ job }: { job: TrainingJob }) {
  const { trans } = useAutoML();
  return (
    <Progress
      name={job.name}
      fraction={fractionDone(job)}
      step={plain(job.progress?.phase ?? statusWord(trans, job.status))}
    />
  );
}

interface IProgressProps {
  name: string;
  /** 0 to 1; null while nothing tells. */
  fraction: number | null;
  /** What is being done. */
  step: string;
}

/** How far something has come. */
export function Progress({ name, fraction, step }: IProgressProps) {
  const { trans } = useAutoML();
  const percent = fraction === null ? null : Math.round(100 * fraction);
  return (
    <div
      className={classes(
        'jp-AutoML-progress',
        percent === null && 'jp-mod-unknown'
      )}
      role="progressbar"
      aria-label={trans.__('Progress of %1', name)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent ?? undefined}
      aria-valuetext={percent === null ? step : `${step}, ${percent} %`}
    >
      <div style={{ width: `${percent ?? 0}%` }} />
    </div>
  );
}
