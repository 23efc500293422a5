/** The job as an Airflow DAG. */

import type { IEditorServices } from '@jupyterlab/codeeditor';
import { useAutoML } from '../context';
import { ReadOnly } from '../editor';
import { Message } from '../message';

interface IDagProps {
  text: string;
  editors: IEditorServices;
}

export function Dag({ text, editors }: IDagProps) {
  const { trans } = useAutoML();
  if (!text) {
    return <Message title={trans.__('There is no DAG of this job')} />;
  }
  return (
    <ReadOnly
      text={text}
      mimeType="text/x-python"
      label={trans.__('DAG')}
      editors={editors}
    />
  );
}
