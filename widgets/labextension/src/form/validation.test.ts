import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../api';
import { fieldsOf } from './fields';
import { faultsOf, refusalOf } from './validation';

const fields = fieldsOf(
  {
    Request: {
      required: ['source', 'tables'],
      properties: {
        source: { type: 'string', minLength: 1, pattern: '\\S' },
        tables: {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          maxItems: 2
        },
        limit: {
          anyOf: [
            { type: 'number', exclusiveMinimum: 0, maximum: 10 },
            { type: 'null' }
          ]
        },
        name: { type: 'string', pattern: '^[a-z]+$', maxLength: 3 }
      }
    }
  } as never,
  'Request'
);
const faults = (values: object) =>
  faultsOf(fields, values as never, nullTranslator.load(''));

describe('what is wrong with a form', () => {
  it('is told of every field at once, in words', () => {
    expect(faults({ limit: 0, name: 'B' })).toEqual({
      source: 'This is needed.',
      tables: 'This is needed.',
      limit: 'A number > 0.',
      name: expect.stringContaining('Only letters')
    });
    expect(faults({ source: ' ', tables: ['a', 'b', 'c'], limit: 11 })).toEqual(
      {
        source: 'This is needed.',
        tables: 'At most 2 of them.',
        limit: 'A number <= 10.'
      }
    );
  });

  it('is nothing where what may be left out is left out', () => {
    expect(faults({ source: 'a.csv', tables: ['a'] })).toEqual({});
  });

  it('stands at the field that the server names, or apart', () => {
    const said = { 'label.column': 'It has 3 values.', other: 'No.' };
    const error = new ApiError(422, 'It has 3 values. No.', said);
    expect(refusalOf(error, ['label', 'name'])).toEqual({
      message: 'No.',
      fields: { label: 'It has 3 values.' }
    });
    expect(refusalOf(new Error('Gone.'), ['label']).message).toBe('Gone.');
    expect(refusalOf(null, ['label'])).toEqual({ message: '', fields: {} });
  });
});
