/** Whether the server has our extension, and whether it is as new as this panel. */

import type { ReactNode } from 'react';
import { version as ownVersion } from '../package.json';
import { ApiError } from './api';
import { useAutoML } from './context';
import { Message, Problem } from './message';
import { useConnected, useVersion } from './queries';

/** Show the children where the server can answer them, and say why where it cannot. */
export function WithServer({ children }: { children: ReactNode }) {
  const { trans } = useAutoML();
  const version = useVersion();
  const isConnected = useConnected();
  const retry = () => void version.refetch();
  if (version.error instanceof ApiError && version.error.status === 404) {
    return (
      <Message
        title={trans.__('The AutoML server extension is missing')}
        action={{ label: trans.__('Look again'), run: retry }}
      >
        {trans.__('Install it where Jupyter runs, then restart the server:')}
        <code>pip install automl-magics</code>
        <code>jupyter server extension enable automl_server</code>
      </Message>
    );
  }
  if (version.error && !version.data) {
    return <Problem error={version.error} retry={retry} />;
  }
  if (!version.data) {
    return <Message title={trans.__('Looking for the server…')} />;
  }
  return (
    <>
      {isOlder(version.data, ownVersion) && (
        <div className="jp-AutoML-banner jp-mod-warning" role="alert">
          {trans.__(
            'The server runs automl-magics %1, this panel is %2. Upgrade the server and restart it.',
            version.data,
            ownVersion
          )}
        </div>
      )}
      {!isConnected && (
        <div className="jp-AutoML-banner" role="status">
          {trans.__(
            'Connecting to the server’s news… Shown may be out of date.'
          )}
        </div>
      )}
      {children}
    </>
  );
}

/** Compare versions by their numbers. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) =>
    text.split(/\D+/).filter(Boolean).map(Number);
  const [left, right] = [numbers(version), numbers(than)];
  for (let place = 0; place < Math.max(left.length, right.length); place++) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference) {
      return difference < 0;
    }
  }
  return false;
}
