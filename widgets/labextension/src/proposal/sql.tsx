/** The statement that makes the table. */

import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import { Button, copyIcon } from '@jupyterlab/ui-components';
import { useAutoML } from '../context';
import { ReadOnly } from '../editor';
import { Message } from '../message';

interface ISqlProps {
  text: string;
  /** Whether there are edits that the statement does not have. */
  hasEdits: boolean;
  editors: IEditorServices;
}

export function Sql({ text, hasEdits, editors }: ISqlProps) {
  const { trans } = useAutoML();
  if (!text) {
    return <Message title={trans.__('There is no SQL yet')} />;
  }
  const copy = () => {
    Clipboard.copyToSystem(text);
    Notification.info(trans.__('The SQL is on the clipboard.'), {
      autoClose: 3000
    });
  };
  return (
    <div className="jp-AutoML-log">
      <div className="jp-AutoML-logBar">
        <Button small minimal={false} className="jp-mod-styled" onClick={copy}>
          <copyIcon.react tag="span" /> {trans.__('Copy SQL')}
        </Button>
        {hasEdits && (
          <span role="status">
            {trans.__('Edits that are not kept yet are not in it.')}
          </span>
        )}
      </div>
      <ReadOnly
        text={text}
        mimeType="text/x-sql"
        label={trans.__('SQL')}
        editors={editors}
      />
    </div>
  );
}
