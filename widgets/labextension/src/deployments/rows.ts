/** Rows for a deployed model: as a form holds them, as JSON and as CSV. */

import type { ModelColumn, SourceLook } from '../api';

export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;
/** What stands in a form's fields, by column. */
export type Texts = Readonly<Record<string, string>>;

const NUMBERS = new Set(['integer', 'long', 'float', 'double']);

export function isNumber(column: ModelColumn): boolean {
  return NUMBERS.has(column.type);
}

/** What a field's text means; what is no number stays a text, for the model to refuse. */
export function cellOf(column: ModelColumn, text: string): Cell {
  const said = text.trim();
  if (!said) {
    return null;
  }
  if (isNumber(column)) {
    const number = Number(said);
    return Number.isNaN(number) ? text : number;
  }
  if (column.type === 'boolean' && /^(true|false)$/i.test(said)) {
    return said.toLowerCase() === 'true';
  }
  return text;
}

export function rowOf(columns: readonly ModelColumn[], texts: Texts): Row {
  return Object.fromEntries(
    columns.map(column => [
      column.name,
      cellOf(column, texts[column.name] ?? '')
    ])
  );
}

/** The first row of a source, of the columns that the model takes; empty where it has none. */
export function exampleOf(
  columns: readonly ModelColumn[],
  look: SourceLook | undefined
): Texts {
  const places = new Map(
    look?.columns.map(({ name }, place) => [name, place] as const)
  );
  return Object.fromEntries(
    columns.map(({ name }) => [
      name,
      look?.rows[0]?.[places.get(name) ?? -1] ?? ''
    ])
  );
}

/** A row with a line of names above it. */
export function csvOf(columns: readonly ModelColumn[], row: Row): string {
  const line = (cells: Cell[]) => cells.map(quoted).join(',');
  const names = columns.map(({ name }) => name);
  return `${line(names)}\n${line(names.map(name => row[name]))}\n`;
}

function quoted(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/**
 * The body that JSON stands for: a list of rows, one row, or any of MLflow's forms as it is.
 *
 * @throws SyntaxError for what is no JSON, with the parser's words.
 */
export function bodyOf(text: string): string {
  const said: unknown = JSON.parse(text);
  if (Array.isArray(said)) {
    return JSON.stringify({ dataframe_records: said });
  }
  const forms = ['dataframe_records', 'dataframe_split', 'inputs', 'instances'];
  const isBody =
    typeof said === 'object' &&
    said !== null &&
    forms.some(form => form in said);
  return JSON.stringify(isBody ? said : { dataframe_records: [said] });
}
