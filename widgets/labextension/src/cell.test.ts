import { describe, expect, it } from 'vitest';
import { formCells, modelCell, trainingCell, variableCells } from './cell';

const field = (name: string, initial: string | boolean | string[] = '') =>
  ({ name, initial }) as never;

describe('a cell', () => {
  it('says what differs from the defaults', () => {
    const fields = [
      field('source_table'),
      field('label_column'),
      field('feature_columns', []),
      field('preset', 'balanced'),
      field('time_limit'),
      field('enable_ensemble', true)
    ];
    const request = {
      source_table: 'SELECT * FROM t',
      label_column: 'is it?',
      feature_columns: ['a', 'b,c'],
      preset: 'balanced' as const,
      time_limit: 90,
      enable_ensemble: false
    };
    expect(trainingCell(request, fields)).toBe(
      `%%automl train --label 'is it?' --features 'a,"b,c"'` +
        ' --time-limit 90 --no-enable-ensemble\nSELECT * FROM t'
    );
  });

  it('quotes what IPython or the grammar would read otherwise', () => {
    expect(variableCells('df', `it's {x} $y`)[1]).toBe(
      `%%automl train --label 'it'"'"'s {{x}} $$y'\ndf`
    );
    expect(formCells('df', '')).toEqual([
      '%load_ext automl_magics',
      '%automl form df'
    ]);
  });

  it('of a job names its id alone', () => {
    expect(modelCell('3c90c3cc', true)).toContain('%automl show 3c90c3cc\n');
    expect(modelCell('3c90c3cc', false)).toContain('job.wait()');
  });
});
