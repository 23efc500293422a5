/** A text in JupyterLab's own editor, to be read. */

import { CodeEditor, type IEditorServices } from '@jupyterlab/codeeditor';
import { useEffect, useRef } from 'react';

interface IReadOnlyProps {
  text: string;
  mimeType: string;
  /** What a screen reader says. */
  label: string;
  editors: IEditorServices;
}

export function ReadOnly({ text, mimeType, label, editors }: IReadOnlyProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) {
      return;
    }
    const model = new CodeEditor.Model({ mimeType });
    model.sharedModel.setSource(text);
    const editor = editors.factoryService.newDocumentEditor({
      host: host.current,
      model,
      config: { readOnly: true, lineNumbers: true, lineWrap: false }
    });
    const content = host.current.querySelector('.cm-content');
    content?.setAttribute('aria-label', label);
    return () => {
      editor.dispose();
      model.dispose();
    };
  }, [text, mimeType, label, editors]);
  return (
    <div
      className="jp-AutoML-dag"
      role="region"
      aria-label={label}
      ref={host}
    />
  );
}
