import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { refusal } from './api';
import { incumbents, isHigherBetter } from './incumbent';
import { stairs } from './jobs/sparkline';
import { withChange } from './queries';
import { isOlder } from './server';
import { duration, scoreText } from './words';

const trans = nullTranslator.load('automl_magics');

function trial(number: number, score: number | null) {
  return {
    number,
    score,
    status: score === null ? 'failed' : 'complete',
    candidate: 'c',
    finished_at: `2026-01-01T00:00:0${number}Z`
  } as never;
}

describe('words', () => {
  it('tell seconds as people do', () => {
    expect(duration(trans, 8.4)).toBe('8 s');
    expect(duration(trans, 200)).toBe('3 min 20 s');
    expect(duration(trans, 7500)).toBe('2 h 5 min');
  });

  it('round scores to four digits', () => {
    expect(scoreText(0.912345)).toBe('0.9123');
    expect(scoreText(12345.6)).toBe('12350');
    expect(scoreText(null)).toBe('–');
  });
});

describe('incumbents', () => {
  const trials = [trial(1, 0.5), trial(2, null), trial(3, 0.4), trial(4, 0.7)];

  it('keep what got better, upwards and downwards', () => {
    const start = '2026-01-01T00:00:00Z';
    expect(incumbents(trials, start, true)).toEqual([
      { seconds: 1, score: 0.5 },
      { seconds: 4, score: 0.7 }
    ]);
    expect(incumbents(trials, start, false).at(-1)?.score).toBe(0.4);
  });

  it('know the direction from the best score', () => {
    expect(isHigherBetter(trials, 0.7)).toBe(true);
    expect(isHigherBetter(trials, 0.4)).toBe(false);
  });

  it('are drawn as stairs, also when there is one', () => {
    expect(stairs([{ seconds: 0, score: 1 }])).not.toContain('NaN');
    expect(stairs(incumbents(trials, '2026-01-01T00:00:00Z', true))).toMatch(
      /^M\S+ \S+H\S+V\S+H\S+$/
    );
  });
});

describe('errors of the server', () => {
  it('are read in both shapes, and from foreign pages', () => {
    expect(refusal(409, '{"error": "It runs.", "code": 409}').message).toBe(
      'It runs.'
    );
    const detail = [
      { loc: ['body', 'label_column'], msg: 'Field required', type: 'missing' }
    ];
    const error = refusal(422, JSON.stringify({ detail }));
    expect(error.message).toBe('label_column: Field required');
    expect(error.fields).toEqual({ label_column: 'Field required' });
    const advice = { hint: 'Did you mean churned?' };
    const hinted = [{ ...detail[0], msg: 'No such column.', ctx: advice }];
    const told = refusal(422, JSON.stringify({ detail: hinted }));
    expect(told.fields.label_column).toBe(
      'No such column. Did you mean churned?'
    );
    expect(refusal(502, '<html>').message).toContain('502');
  });
});

describe('versions', () => {
  it('are compared by their numbers', () => {
    expect(isOlder('0.9.0', '0.10.0')).toBe(true);
    expect(isOlder('1.0', '1.0.0')).toBe(false);
    expect(isOlder('2.0.0', '1.9')).toBe(false);
  });
});

describe('a change', () => {
  it('moves the progress of its job alone', () => {
    const page = {
      jobs: [{ job_id: 'a' }, { job_id: 'b' }],
      count: 2
    } as never;
    const change = {
      job_id: 'b',
      progress: { phase: 'training', elapsed: 3, trials_done: 2 },
      metric: 'auc',
      best_score: 0.9
    } as never;
    const { jobs } = withChange(page, change);
    expect(jobs[0].progress).toBeUndefined();
    expect(jobs[1].progress).toMatchObject({ trials_done: 2, best_score: 0.9 });
  });
});
