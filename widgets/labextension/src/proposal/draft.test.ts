import { describe, expect, it } from 'vitest';
import {
  arranged,
  editsOf,
  isUnchanged,
  nameFaults,
  NO_CHANGES,
  placed
} from './draft';
import { labelOf, labelValues } from './label';
import { steps } from './specification';

const label = {
  name: 'churned',
  type: 'binary',
  column: 'churned',
  positive_class_value: 1
} as never;
const feature = (name: string, more = {}) => ({
  name,
  expression: `sum(${name})`,
  source_table: 'orders',
  description: '',
  data_type: 'DOUBLE',
  ...more
});
const recipe = {
  target_table: 't',
  entity_grain: ['id'],
  label,
  features: [
    feature('spent'),
    feature('last10'),
    feature('last9', { source_table: 'people' })
  ],
  notes: null
};

describe('the edits of a draft', () => {
  it('are nothing where nothing differs', () => {
    const draft = {
      removed: ['gone'],
      renamed: { spent: ' spent ', gone: 'x' },
      label: labelOf(labelValues(label), label),
      notes: ''
    };
    expect(editsOf(draft, recipe)).toEqual({});
    expect(isUnchanged(editsOf(NO_CHANGES, recipe))).toBe(true);
  });

  it('are what differs, without names of what is left out', () => {
    const draft = {
      removed: ['spent'],
      renamed: { spent: 'all', last9: 'last_9' },
      label: labelOf({ ...labelValues(label), name: 'left' }, label),
      notes: 'why'
    };
    expect(editsOf(draft, recipe)).toEqual({
      remove_features: ['spent'],
      rename: { last9: 'last_9' },
      label: {
        name: 'left',
        type: 'binary',
        column: 'churned',
        positive_class_value: 1
      },
      notes: 'why'
    });
  });
});

describe('names', () => {
  const faults = (renamed: Record<string, string>, removed: string[] = []) =>
    nameFaults({ ...NO_CHANGES, renamed, removed }, recipe, ['id']);

  it('are there once, whatever the case', () => {
    expect(faults({ spent: 'LAST9' })).toEqual({ spent: 'twice' });
    expect(faults({ spent: 'ID' })).toEqual({ spent: 'twice' });
    expect(faults({ spent: 'Churned' })).toEqual({ spent: 'twice' });
    expect(faults({ spent: 'last9' }, ['last9'])).toEqual({});
    expect(faults({ spent: 'last9', last9: 'spent' })).toEqual({});
  });

  it('are neither empty nor endless', () => {
    expect(faults({ spent: '  ' })).toEqual({ spent: 'empty' });
    expect(faults({ spent: 'x'.repeat(251) })).toEqual({ spent: 'long' });
  });
});

describe('features', () => {
  const names = (...asked: Parameters<typeof arranged>) =>
    arranged(...asked).map(({ name }) => name);
  const { features } = recipe;

  it('are found by any of their texts', () => {
    const order = { key: 'place', descending: false } as const;
    expect(names(features, 'PEOPLE', order, {})).toEqual(['last9']);
    expect(names(features, 'sum(spent)', order, {})).toEqual(['spent']);
  });

  it('are sorted with numbers as numbers, and never in place', () => {
    const by = (key: 'name' | 'nulls', descending = false) =>
      names(features, '', { key, descending }, { last10: 0.9, last9: 0.6 });
    expect(by('name')).toEqual(['last9', 'last10', 'spent']);
    expect(by('nulls', true)).toEqual(['last10', 'last9', 'spent']);
    expect(features[0].name).toBe('spent');
  });
});

describe('a refusal', () => {
  it('is put where it belongs', () => {
    const draft = { ...NO_CHANGES, renamed: { spent: 'last9' } };
    const found = placed(
      {
        'edits.rename': "The name 'last9' would be there twice.",
        'edits.label': 'It does not run.',
        'edits.label.column': 'Too long.',
        'edits.notes': 'Too many words.',
        'train_request.time_limit': 'Too short.',
        edits: 'Something else.'
      },
      draft
    );
    expect(found).toEqual({
      features: { spent: "The name 'last9' would be there twice." },
      label: { '': 'It does not run.', column: 'Too long.' },
      notes: 'Too many words.',
      train: { time_limit: 'Too short.' },
      rest: 'Something else.'
    });
  });
});

describe('a label', () => {
  it('is called like its column, and keeps the kind of its values', () => {
    expect(labelOf({ type: 'binary', column: 'people.left' })).toEqual({
      name: 'left',
      type: 'binary',
      column: 'people.left'
    });
    const typed = { ...labelValues(label), positive_class_value: 'yes' };
    expect(labelOf(typed, label).positive_class_value).toBe('yes');
    expect(
      labelOf({ ...typed, positive_class_value: '2' }).positive_class_value
    ).toBe(2);
  });
});

describe('a timeline', () => {
  it('is what the log says of states', () => {
    const line = (seq: number, fields: object) => ({
      seq,
      fields,
      timestamp: `2026-01-01T00:00:0${seq}Z`,
      level: 'info',
      message: `line ${seq}`
    });
    const found = steps([
      line(1, { status: 'running' }),
      line(2, { step: 'profiling' }),
      line(3, { status: 'pending_approval' })
    ] as never);
    expect(found.map(({ status }) => status)).toEqual([
      'running',
      'pending_approval'
    ]);
  });
});
