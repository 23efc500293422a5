/** Cells for a notebook: what people choose here, said as a magic. */

import type { IField } from './form/fields';
import type { TrainingRequest } from './api';

const LOADED = '%load_ext automl_magics';
const SHORT: Readonly<Record<string, string>> = {
  label_column: '--label',
  feature_columns: '--features'
};

/** The cell that makes a job; what the schema says by itself is left out. */
export function trainingCell(
  request: Partial<TrainingRequest>,
  fields: readonly IField[]
): string {
  const said = request as Record<string, unknown>;
  const options = fields
    .filter(
      ({ name, initial }) =>
        name !== 'source_table' &&
        (said[name] ?? null) !== null &&
        JSON.stringify(said[name]) !== JSON.stringify(initial)
    )
    .map(({ name }) => option(name, said[name]));
  return (
    `%%automl train ${options.join(' ')}`.trimEnd() +
    `\n${request.source_table ?? ''}`
  );
}

/** Two cells' worth for a variable of the notebook: the magics, and the job. */
export function variableCells(variable: string, label: string): string[] {
  return [
    LOADED,
    `%%automl train${label && ` ${option('label_column', label)}`}\n${variable}`
  ];
}

/** The same with the form of the notebook's own. */
export function formCells(variable: string, label: string): string[] {
  return [
    LOADED,
    `%automl form ${variable}${label && ` ${option('label_column', label)}`}`
  ];
}

/** The cell that gets a job's handle and its model. Of the job it holds the id alone. */
export function modelCell(id: string, hasModel: boolean): string {
  return [
    LOADED,
    `job = %automl show ${id}`,
    hasModel
      ? 'model = job.model()  # predict with job.predict(frame)'
      : 'job.wait()'
  ].join('\n');
}

function option(name: string, value: unknown): string {
  const words = SHORT[name] ?? `--${name.replace(/_/g, '-')}`;
  if (typeof value === 'boolean') {
    return value ? words : words.replace('--', '--no-');
  }
  const text = Array.isArray(value)
    ? value.map(listed).join(',')
    : String(value);
  return `${words} ${quoted(text)}`;
}

function listed(name: string): string {
  return /[",\n]/.test(name) ? `"${name.replace(/"/g, '""')}"` : name;
}

/** A word as a POSIX shell reads it, and with nothing in it that IPython would expand. */
function quoted(text: string): string {
  const word = /^[\w@%+=:,./-]+$/.test(text)
    ? text
    : `'${text.replace(/'/g, `'"'"'`)}'`;
  return word.replace(/[{}]/g, '$&$&').replace(/\$(?=[\w.])/g, '$$$$');
}
