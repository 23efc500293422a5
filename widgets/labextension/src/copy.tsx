/** A button that copies a text, and says that it has. */

import { Clipboard } from '@jupyterlab/apputils';
import { Button, checkIcon, copyIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import { useAutoML } from './context';

const TOLD = 2000;

export function CopyButton({ text }: { text: string }) {
  const { trans } = useAutoML();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setCopied(false), TOLD);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  const Icon = isCopied ? checkIcon : copyIcon;
  return (
    <Button
      small
      minimal={false}
      className="jp-mod-styled jp-AutoML-copy"
      onClick={() => {
        Clipboard.copyToSystem(text);
        setCopied(true);
      }}
    >
      <Icon.react tag="span" />
      <span role="status">
        {isCopied ? trans.__('Copied') : trans.__('Copy')}
      </span>
    </Button>
  );
}
