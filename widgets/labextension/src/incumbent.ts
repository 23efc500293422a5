/** The best score over time. */

import type { Trial } from './api';

export interface IPoint {
  seconds: number;
  score: number;
}

/** Whether more is better, as far as the trials and the best of them tell. */
export function isHigherBetter(
  trials: readonly Trial[],
  best?: number | null
): boolean {
  const scores = scored(trials).map(trial => trial.score);
  if (best === null || best === undefined || !scores.length) {
    return true;
  }
  const toTop = Math.abs(Math.max(...scores) - best);
  return toTop <= Math.abs(best - Math.min(...scores));
}

/** Each moment at which the best score got better. */
export function incumbents(
  trials: readonly Trial[],
  startedAt: string,
  higherIsBetter: boolean
): IPoint[] {
  const start = Date.parse(startedAt);
  const points: IPoint[] = [];
  for (const trial of scored(trials)) {
    const best = points.at(-1)?.score;
    const isBetter =
      best === undefined ||
      (higherIsBetter ? trial.score > best : trial.score < best);
    if (isBetter) {
      const seconds = Math.max(
        0,
        (Date.parse(trial.finished_at) - start) / 1000
      );
      points.push({ seconds, score: trial.score });
    }
  }
  return points;
}

/** The trials that ended with a score. */
export function scored(
  trials: readonly Trial[]
): (Trial & { score: number })[] {
  return trials.filter(
    (trial): trial is Trial & { score: number } =>
      trial.status === 'complete' && typeof trial.score === 'number'
  );
}
