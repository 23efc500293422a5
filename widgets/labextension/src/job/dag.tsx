/** The job as an Airflow DAG, in JupyterLab's own editor. */

import { CodeEditor, type IEditorServices } from '@jupyterlab/codeeditor';
import { useEffect, useRef } from 'react';
import { useAutoML } from '../context';
import { Message } from '../message';

interface IDagProps {
  text: string;
  editors: IEditorServices;
}

export function Dag({ text, editors }: IDagProps) {
  const { trans } = useAutoML();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current || !text) {
      return;
    }
    const model = new CodeEditor.Model({ mimeType: 'text/x-python' });
    model.sharedModel.setSource(text);
    const editor = editors.factoryService.newDocumentEditor({
      host: host.current,
      model,
      config: { readOnly: true, lineNumbers: true, lineWrap: false }
    });
    const content = host.current.querySelector('.cm-content');
    content?.setAttribute('aria-label', trans.__('DAG'));
    return () => {
      editor.dispose();
      model.dispose();
    };
  }, [text, editors, trans]);
  if (!text) {
    return <Message title={trans.__('There is no DAG of this job')} />;
  }
  return (
    <div
      className="jp-AutoML-dag"
      role="region"
      aria-label={trans.__('DAG')}
      ref={host}
    />
  );
}
