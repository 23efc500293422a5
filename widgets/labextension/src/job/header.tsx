/** Which job it is, how it stands, and what can be done with it. */

import { Button } from '@jupyterlab/ui-components';
import type { TrainingJob } from '../api';
import { hasEnded } from '../changes';
import { allowed } from '../commands';
import { useAutoML } from '../context';
import { JobProgress, StatusBadge } from '../status';
import { bestScore, duration, plain, scoreText } from '../words';

export function Header({ job }: { job: TrainingJob }) {
  const { commands, trans } = useAutoML();
  const best = bestScore(job);
  const args = { id: job.job_id, name: job.name };
  return (
    <div className="jp-AutoML-jobHeader">
      <div className="jp-AutoML-jobTitle">
        <h1 dir="auto">{job.name}</h1>
        <StatusBadge status={job.status} />
        {best && (
          <span className="jp-AutoML-best">
            {plain(best.metric)} <strong>{scoreText(best.score)}</strong>
          </span>
        )}
      </div>
      <p className="jp-AutoML-subtitle">
        {plain(job.problem_type)} · {job.source_table}
        {job.request.label_column && ` → ${job.request.label_column}`}
      </p>
      {job.error_message && (
        <p className="jp-AutoML-banner jp-mod-error" role="alert">
          {job.error_message}
        </p>
      )}
      <div
        className="jp-AutoML-actions"
        role="toolbar"
        aria-label={trans.__('Actions')}
      >
        {allowed(job).map((command, place) => (
          <Button
            key={command}
            small
            minimal={false}
            className={
              place === 0 ? 'jp-mod-styled jp-mod-accept' : 'jp-mod-styled'
            }
            onClick={() => void commands.execute(command, args)}
          >
            {commands.label(command, args)}
          </Button>
        ))}
      </div>
      {!hasEnded(job.status) && job.status !== 'ready' && (
        <div className="jp-AutoML-underway">
          <JobProgress job={job} />
          <Underway job={job} />
        </div>
      )}
    </div>
  );
}

function Underway({ job }: { job: TrainingJob }) {
  const { trans } = useAutoML();
  const told = job.progress;
  if (!told) {
    return <span>{trans.__('Waits for its turn.')}</span>;
  }
  const words = [
    plain(told.phase),
    duration(trans, told.elapsed) +
      (told.time_limit
        ? trans.__(' of %1', duration(trans, told.time_limit))
        : ''),
    trans._n('%1 trial', '%1 trials', told.trials_done)
  ];
  return <span>{words.join(' · ')}</span>;
}
