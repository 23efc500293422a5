/** How to ask a deployed model from elsewhere; the key stands in the environment, never here. */

import type { Cell, Row } from './rows';

export const KEY_VARIABLE = 'AUTOML_KEY';

/** A shell's command. */
export function curlOf(url: string, row: Row): string {
  const body = JSON.stringify({ dataframe_records: [row] });
  return [
    `curl ${inShell(url)} \\`,
    `  -H "X-API-Key: $${KEY_VARIABLE}" \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d ${inShell(body)}`
  ].join('\n');
}

/** A Python program. */
export function pythonOf(server: string, model: string, row: Row): string {
  return [
    'import os',
    '',
    'from automl_magics.client import AutoMLClient',
    '',
    `rows = [${inPython(row)}]`,
    `with AutoMLClient(${inPython(server)}, access_key=os.environ["${KEY_VARIABLE}"]) as client:`,
    `    answer = client.models.invoke(${inPython(model)}, {"dataframe_records": rows})`,
    'print(answer.predictions)'
  ].join('\n');
}

/** A word that a shell takes as it stands. */
function inShell(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

/** A literal of Python. */
function inPython(value: Cell | Row): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'object') {
    const items = Object.entries(value).map(
      ([name, cell]) => `${inPython(name)}: ${inPython(cell)}`
    );
    return `{${items.join(', ')}}`;
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  return JSON.stringify(value); // a JSON text or number is one of Python's too
}
