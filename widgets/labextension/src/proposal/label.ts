/** A label as a form shows it. */

import type { LabelSpec } from '../api';
import type { Values } from '../form/fields';

export function labelValues(label: LabelSpec): Values {
  return {
    name: label.name ?? 'label',
    type: label.type ?? 'binary',
    column: label.column ?? undefined,
    derivation: label.derivation ?? undefined,
    positive_class_value: written(label.positive_class_value) || undefined
  };
}

/** The label that the form makes; what is left empty is left out. */
export function labelOf(values: Values, before?: LabelSpec): LabelSpec {
  const text = (name: string) => String(values[name] ?? '').trim();
  const positive = text('positive_class_value');
  return {
    name: text('name') || text('column').split('.').at(-1) || 'label',
    type: text('type') as LabelSpec['type'],
    ...(text('column') && { column: text('column') }),
    ...(text('derivation') && { derivation: text('derivation') }),
    ...(positive && {
      positive_class_value:
        positive === written(before?.positive_class_value)
          ? before?.positive_class_value
          : meant(positive)
    })
  } as LabelSpec;
}

function written(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

/** A number or a truth value where the text is one. */
function meant(text: string): string | number | boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' || typeof value === 'boolean'
      ? value
      : text;
  } catch {
    return text;
  }
}
