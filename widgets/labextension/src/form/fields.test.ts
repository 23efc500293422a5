import { describe, expect, it } from 'vitest';
import { fieldsOf, requestOf, valuesOf } from './fields';

const text = { maxLength: 250, type: 'string' };
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });
const schemas = {
  Preset: { type: 'string', enum: ['fast', 'balanced'] },
  AutoMLTrainingRequest: {
    required: ['source_table'],
    properties: {
      source_table: { type: 'string', description: 'The rows\nto train on.' },
      label_column: orNull(text),
      feature_columns: orNull({ type: 'array', items: text }),
      preset: { $ref: '#/components/schemas/Preset', default: 'balanced' },
      description: orNull({ type: 'string', maxLength: 4000 }),
      auto_trigger: { type: 'boolean', default: true },
      time_limit: orNull({ type: 'number', exclusiveMinimum: 0 }),
      exclude: {
        type: 'array',
        items: { $ref: '#/components/schemas/Preset' }
      },
      staged_source: orNull(text)
    }
  }
} as never;
const fields = fieldsOf(schemas, 'AutoMLTrainingRequest');
const named = Object.fromEntries(fields.map(field => [field.name, field]));

describe('the fields of a request', () => {
  it('are of the kind that their schema says', () => {
    const kinds = fields.map(({ kind }) => kind);
    expect(kinds).toEqual([
      'text',
      'column',
      'columns',
      'choice',
      'passage',
      'flag',
      'number',
      'choices'
    ]);
    expect(named.preset.schema.enum).toEqual(['fast', 'balanced']);
    expect(named.exclude.schema.items?.enum).toEqual(['fast', 'balanced']);
    expect(named.source_table.schema.description).toBe('The rows to train on.');
    expect(named.label_column.schema).toMatchObject({
      ...text,
      title: 'Label column'
    });
    expect(named.label_column.isRequired).toBe(false);
  });

  it('start with the defaults of the schema', () => {
    const values = valuesOf(fields, { source_table: 'a.csv' });
    expect(values).toMatchObject({
      source_table: 'a.csv',
      label_column: undefined,
      preset: 'balanced',
      auto_trigger: true,
      exclude: undefined
    });
  });

  it('leave out what is empty, and keep what they do not show', () => {
    const asked = {
      source_table: 'a.csv',
      label_column: 'y',
      staged_source: 'z'
    };
    const values = {
      ...valuesOf(fields, asked),
      label_column: '',
      time_limit: 90,
      auto_trigger: false
    };
    expect(requestOf(fields, values, asked)).toEqual({
      source_table: 'a.csv',
      preset: 'balanced',
      time_limit: 90,
      auto_trigger: false,
      staged_source: 'z'
    });
  });
});
