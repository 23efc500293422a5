/** What can be taken away from a job: a notebook that builds its model, and a report. */

import type { Contents } from '@jupyterlab/services';
import type { IAutoML } from './tokens';

/** Save the job's notebook under a free name, and open it. */
export async function openNotebook(
  { api, commands }: IAutoML,
  contents: Contents.IManager,
  id: string
): Promise<void> {
  const { file_name, content } = await api.notebook(id);
  const path = await freeName(contents, file_name);
  await contents.save(path, {
    type: 'notebook',
    format: 'json',
    content: JSON.parse(content)
  });
  await commands.execute('docmanager:open', { path });
}

/** Hand the job's report to the browser as a file. */
export async function downloadReport(
  { api }: IAutoML,
  id: string
): Promise<void> {
  const { file_name, media_type, content } = await api.report(id);
  const address = URL.createObjectURL(
    new Blob([content], { type: media_type })
  );
  const link = document.createElement('a');
  link.href = address;
  link.download = file_name;
  link.click();
  URL.revokeObjectURL(address);
}

async function freeName(
  contents: Contents.IManager,
  wanted: string
): Promise<string> {
  const folder = await contents.get('', { content: true });
  const taken = new Set(
    (folder.content as Contents.IModel[]).map(({ name }) => name)
  );
  const dot = wanted.lastIndexOf('.');
  let name = wanted;
  for (let number = 1; taken.has(name); number++) {
    name = `${wanted.slice(0, dot)}-${number}${wanted.slice(dot)}`;
  }
  return name;
}
