/** How good the models are so far, how they got there, and what to beware of. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { LeaderboardRow, TrainingJob, Trial } from '../api';
import { useAutoML } from '../context';
import { incumbents, isHigherBetter, scored } from '../incumbent';
import { Message } from '../message';
import { useTrials } from '../queries';
import { plain } from '../words';
import { Chart } from './chart';
import { Leaderboard } from './leaderboard';
import { Timeline } from './timeline';

interface IOverviewProps {
  job: TrainingJob;
  rendermime: IRenderMimeRegistry;
}

export function Overview({ job, rendermime }: IOverviewProps) {
  const { trans } = useAutoML();
  const found = useTrials(job.job_id);
  const trials = found.data ?? [];
  const higherIsBetter =
    job.result?.higher_is_better ??
    isHigherBetter(trials, job.progress?.best_score);
  const metric =
    job.result?.metric ?? job.progress?.metric ?? trans.__('score');
  const rows = job.result?.leaderboard ?? ranked(trials, higherIsBetter);
  const warnings = job.result?.warnings ?? [];
  return (
    <div className="jp-AutoML-overview">
      {warnings.length > 0 && (
        <section
          className="jp-AutoML-warnings"
          aria-labelledby="automl-warnings"
        >
          <h2 id="automl-warnings">{trans.__('Warnings')}</h2>
          <ul>
            {warnings.map(warning => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      {rows.length > 0 ? (
        <>
          {trials.length > 0 && (
            <section>
              <h2>{trans.__('Best score over time')}</h2>
              <Chart
                rendermime={rendermime}
                label={trans.__(
                  '%1 of each trial, and of the best so far',
                  plain(metric)
                )}
                spec={curve(job, trials, metric, higherIsBetter)}
              />
            </section>
          )}
          <section>
            <h2>{trans.__('Leaderboard')}</h2>
            <Leaderboard rows={rows} metric={metric} />
          </section>
        </>
      ) : (
        <Message title={trans.__('No model yet')}>
          {trans.__('The first one usually comes within seconds of the start.')}
        </Message>
      )}
      <section>
        <h2>{trans.__('Timeline')}</h2>
        <Timeline job={job} />
      </section>
    </div>
  );
}

/** Rank the trials of a job that still runs. */
export function ranked(
  trials: readonly Trial[],
  higherIsBetter: boolean
): LeaderboardRow[] {
  const sign = higherIsBetter ? -1 : 1;
  return scored(trials)
    .sort((one, other) => sign * (one.score - other.score))
    .map((trial, place) => ({
      rank: place + 1,
      candidate: trial.candidate,
      algorithm: trial.algorithm,
      score: trial.score,
      scores: trial.scores ?? {},
      seconds: trial.seconds,
      is_best: place === 0,
      tied: false
    }));
}

function curve(
  job: TrainingJob,
  trials: readonly Trial[],
  metric: string,
  higherIsBetter: boolean
) {
  const startedAt = job.started_at ?? job.created_at;
  const seconds = (trial: Trial) =>
    Math.max(0, (Date.parse(trial.finished_at) - Date.parse(startedAt)) / 1000);
  const points = scored(trials).map(trial => ({
    seconds: seconds(trial),
    score: trial.score,
    candidate: trial.candidate
  }));
  const best = incumbents(trials, startedAt, higherIsBetter);
  const last = Math.max(0, ...points.map(point => point.seconds));
  const end = best.at(-1);
  const y = {
    field: 'score',
    type: 'quantitative',
    title: plain(metric),
    axis: { format: '.4~g' }, // a single score is told as well
    scale: { zero: false }
  };
  const x = { field: 'seconds', type: 'quantitative', title: 'seconds' };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    height: 220,
    layer: [
      {
        data: { values: points },
        mark: {
          type: 'point',
          opacity: 0.5,
          size: 30,
          tooltip: { content: 'data' }
        }
      },
      {
        data: { values: end ? [...best, { ...end, seconds: last }] : best },
        mark: { type: 'line', interpolate: 'step-after' }
      }
    ].map(layer => ({ ...layer, encoding: { x, y } }))
  };
}
