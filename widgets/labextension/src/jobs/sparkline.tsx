/** The best score over time, in the space of a word. */

import type { TrainingJob } from '../api';
import { useAutoML } from '../context';
import { hasEnded } from '../changes';
import { incumbents, isHigherBetter, type IPoint } from '../incumbent';
import { useTrials } from '../queries';

const WIDTH = 56;
const HEIGHT = 16;

export function Sparkline({ job }: { job: TrainingJob }) {
  const { trans } = useAutoML();
  const isLive = job.status === 'running';
  const trials = useTrials(job.job_id, isLive);
  const points = hasEnded(job.status)
    ? kept(job)
    : incumbents(
        trials.data ?? [],
        job.started_at ?? job.created_at,
        isHigherBetter(trials.data ?? [], job.progress?.best_score)
      );
  if (points.length < 2) {
    return null;
  }
  return (
    <svg
      className="jp-AutoML-sparkline"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={trans.__('Best score over time')}
    >
      <path d={stairs(points)} />
    </svg>
  );
}

function kept(job: TrainingJob): IPoint[] {
  const pairs = (job.result?.curves?.incumbent ?? []) as [number, number][];
  return pairs.map(([seconds, score]) => ({ seconds, score }));
}

/** A line that stays level until the next better score, within the picture. */
export function stairs(points: readonly IPoint[]): string {
  const scores = points.map(point => point.score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const last = points[points.length - 1].seconds || 1;
  const x = (point: IPoint) => 1 + ((WIDTH - 12) * point.seconds) / last;
  const y = (point: IPoint) =>
    HEIGHT - 2 - ((HEIGHT - 4) * (point.score - low)) / (high - low || 1);
  const steps = points.slice(1).map(point => `H${x(point)}V${y(point)}`);
  return `M${x(points[0])} ${y(points[0])}${steps.join('')}H${WIDTH - 1}`;
}
