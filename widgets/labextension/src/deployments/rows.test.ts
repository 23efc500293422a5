import { describe, expect, it } from 'vitest';
import { bodyOf, csvOf, exampleOf, rowOf } from './rows';
import { curlOf, pythonOf } from './snippets';

const columns = [
  { name: 'tenure', type: 'long' },
  { name: 'plan', type: 'string' },
  { name: 'is new', type: 'boolean' }
];

describe('rows for a model', () => {
  it('are read from fields by their columns’ types', () => {
    const row = rowOf(columns, {
      tenure: ' 3',
      plan: 'a,"b"',
      'is new': 'True'
    });
    expect(row).toEqual({ tenure: 3, plan: 'a,"b"', 'is new': true });
    expect(csvOf(columns, row)).toBe('tenure,plan,is new\n3,"a,""b""",true\n');
    expect(rowOf(columns, { tenure: 'x' })).toEqual({
      tenure: 'x',
      plan: null,
      'is new': null
    });
  });

  it('start as the first row of the source, as far as it has the columns', () => {
    const look = {
      columns: [
        { name: 'plan', type: 'VARCHAR' },
        { name: 'label', type: 'VARCHAR' }
      ],
      rows: [
        ['pro', 'yes'],
        ['basic', 'no']
      ]
    };
    expect(exampleOf(columns, look)).toEqual({
      tenure: '',
      plan: 'pro',
      'is new': ''
    });
    expect(exampleOf(columns, undefined).plan).toBe('');
  });

  it('may be a list, one row, or a body of MLflow’s', () => {
    expect(bodyOf('[{"a": 1}]')).toBe('{"dataframe_records":[{"a":1}]}');
    expect(bodyOf('{"a": 1}')).toBe('{"dataframe_records":[{"a":1}]}');
    expect(bodyOf('{"inputs": [1]}')).toBe('{"inputs":[1]}');
    expect(() => bodyOf('a,b')).toThrow(SyntaxError);
  });
});

describe('a snippet', () => {
  const row = { "it's": "$(rm -rf /) '", n: null, is: true, x: 0.5 };

  it('for a shell quotes what could be taken for a command', () => {
    const told = curlOf('http://host/m', row);
    expect(told).toContain('"X-API-Key: $AUTOML_KEY"');
    expect(told).toContain(`{"it'\\''s":"$(rm -rf /) '\\''","n":null`);
  });

  it('for Python writes literals', () => {
    const told = pythonOf('http://host/', 'a "b"', row);
    expect(told).toContain(
      `rows = [{"it's": "$(rm -rf /) '", "n": None, "is": True, "x": 0.5}]`
    );
    expect(told).toContain('client.models.invoke("a \\"b\\"",');
    expect(told).toContain('os.environ["AUTOML_KEY"]');
  });
});
