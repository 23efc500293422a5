/** The data frames that a notebook's kernel holds, asked of the kernel itself. */

import type { Kernel } from '@jupyterlab/services';

export interface IFrame {
  name: string;
  /** Such as `pandas.DataFrame`. */
  kind: string;
  /** Null where counting would compute something. */
  rows: number | null;
  columns: string[];
}

/** A kernel that computes answers only when it has done so. */
export class KernelIsBusy extends Error {}

const PATIENCE = 5000;
const COLUMNS = 2000;

/**
 * A constant, with nothing in it that anybody has typed. It reads names and shapes of frames, starts
 * no computation, imports nothing that the notebook has not, and leaves no variable behind.
 */
const QUESTION = `__import__("IPython").display.JSON([
  [name, type(value).__module__.partition(".")[0], type(value).__name__,
   len(value) if type(value).__name__ == "DataFrame"
      else value.num_rows if type(value).__module__.startswith("pyarrow") else None,
   [str(column) for column in (
      value.schema.names if type(value).__module__.startswith("pyarrow")
      else value.collect_schema().names() if type(value).__name__ == "LazyFrame"
      else value.columns)][:${COLUMNS}]]
  for name, value in list(globals().items())
  if not name.startswith("_") and (type(value).__module__.partition(".")[0], type(value).__name__) in (
    ("pandas", "DataFrame"), ("polars", "DataFrame"), ("polars", "LazyFrame"),
    ("pyarrow", "Table"), ("pyarrow", "RecordBatch"), ("duckdb", "DuckDBPyRelation"), ("_duckdb", "DuckDBPyRelation"))])`;

/** As much of a kernel's reply as is read here. */
interface IReply {
  user_expressions?: Record<
    string,
    { status: string; evalue?: string; data?: Record<string, unknown> }
  >;
}

type Told = [string, string, string, number | null, string[]];

/**
 * Ask a Python kernel.
 *
 * @throws KernelIsBusy when it does not answer soon, or Error with what it says.
 */
export async function framesOf(
  kernel: Kernel.IKernelConnection
): Promise<IFrame[]> {
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    user_expressions: { frames: QUESTION.replace(/\s*\n\s*/g, ' ') }
  });
  const late = new Promise<never>((_, reject) =>
    window.setTimeout(() => reject(new KernelIsBusy()), PATIENCE)
  );
  try {
    const { content } = await Promise.race([future.done, late]);
    const said = (content as IReply).user_expressions?.frames;
    if (said?.status !== 'ok') {
      throw new Error(said?.evalue ?? content.status);
    }
    const told = (said.data?.['application/json'] ?? []) as Told[];
    return told.map(([name, library, type, rows, columns]) => ({
      name,
      kind: `${library.replace(/^_/, '')}.${type}`,
      rows,
      columns
    }));
  } finally {
    future.dispose();
  }
}
