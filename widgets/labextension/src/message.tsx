/** What stands where there is nothing to show, or where something went wrong. */

import { Button } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { ApiError } from './api';
import { useAutoML } from './context';

interface IMessageProps {
  title: string;
  children?: ReactNode;
  action?: { label: string; run: () => void };
}

export function Message({ title, children, action }: IMessageProps) {
  return (
    <div className="jp-AutoML-message" role="status">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action && (
        <Button
          minimal={false}
          small
          className="jp-mod-styled jp-mod-accept"
          onClick={action.run}
        >
          {action.label}
        </Button>
      )}
    </div>
  );
}

interface IProblemProps {
  error: unknown;
  retry: () => void;
}

/** An error in a view, and what to do about it. */
export function Problem({ error, retry }: IProblemProps) {
  const { trans } = useAutoML();
  const action = { label: trans.__('Try again'), run: retry };
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 0) {
    return (
      <Message title={trans.__('No connection to the server')} action={action}>
        {trans.__('Jobs go on meanwhile. This view comes back by itself.')}
      </Message>
    );
  }
  return (
    <Message title={trans.__('This cannot be shown')} action={action}>
      {error instanceof Error ? error.message : String(error)}
    </Message>
  );
}
