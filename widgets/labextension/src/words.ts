/** How states, numbers and times read. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { JobStatus, TrainingJob } from './api';
import { hasEnded } from './changes';

export function statusWord(
  trans: TranslationBundle,
  status: JobStatus
): string {
  const words: Record<JobStatus, string> = {
    ready: trans.__('Ready'),
    queued: trans.__('Queued'),
    running: trans.__('Running'),
    complete: trans.__('Complete'),
    failed: trans.__('Failed'),
    stopped: trans.__('Stopped')
  };
  return words[status];
}

/** A name of the server's vocabulary as a person writes it: `log_loss` is "log loss". */
export function plain(name: string): string {
  return name.replace(/_/g, ' ');
}

/** Four digits say enough of a score. */
export function scoreText(score: number | null | undefined): string {
  return score === null || score === undefined
    ? '–'
    : String(Number(score.toPrecision(4)));
}

/** Seconds as `8 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(trans: TranslationBundle, seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60
  ];
  if (hours) {
    return trans.__('%1 h %2 min', hours, minutes);
  }
  return minutes
    ? trans.__('%1 min %2 s', minutes, whole % 60)
    : trans.__('%1 s', whole);
}

/** How long ago, in the words of the browser's language. */
export function ago(moment: string, now = Date.now()): string {
  const words = new Intl.RelativeTimeFormat(undefined, {
    numeric: 'auto',
    style: 'narrow'
  });
  const seconds = (Date.parse(moment) - now) / 1000;
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60]
  ];
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) {
      return words.format(Math.round(seconds / length), unit);
    }
  }
  return words.format(Math.min(0, Math.round(seconds)), 'second');
}

/** A moment with date and time, in the browser's way. */
export function moment(text: string): string {
  return new Date(text).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'medium'
  });
}

/** How much of a running job is done, 0 to 1, by trials or by budget; null while nothing tells. */
export function fractionDone(job: TrainingJob): number | null {
  const told = job.progress;
  if (hasEnded(job.status)) {
    return 1;
  }
  if (!told) {
    return null;
  }
  const byTrials = told.trials_planned
    ? told.trials_done / told.trials_planned
    : 0;
  const byTime = told.time_limit ? told.elapsed / told.time_limit : 0;
  return Math.min(0.99, Math.max(byTrials, byTime));
}

/** The best score so far and what it is measured by. */
export function bestScore(
  job: TrainingJob
): { metric: string; score: number } | null {
  const { progress, result } = job;
  if (result) {
    const score = result.test_score ?? result.validation_score;
    return { metric: result.metric, score };
  }
  return progress?.metric && typeof progress.best_score === 'number'
    ? { metric: progress.metric, score: progress.best_score }
    : null;
}
