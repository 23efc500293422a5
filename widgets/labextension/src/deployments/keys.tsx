/** Access keys: who may ask from elsewhere, and until when. */

import { Button } from '@jupyterlab/ui-components';
import type { AccessKey } from '../api';
import { attempt, isConfirmed } from '../commands';
import { useAutoML } from '../context';
import { Message, Problem } from '../message';
import { useKeys } from '../queries';
import { ago, moment } from '../words';
import { NewKey, scopeWord } from './newkey';

export function Keys() {
  const { trans } = useAutoML();
  const keys = useKeys();
  return (
    <div className="jp-AutoML-keys">
      <p className="jp-AutoML-subtitle">
        {trans.__(
          'With a key, a program asks deployed models and handles jobs in your name, without your Jupyter token.'
        )}
      </p>
      <NewKey />
      {keys.error && !keys.data && (
        <Problem error={keys.error} retry={() => void keys.refetch()} />
      )}
      {keys.data?.length === 0 && (
        <Message title={trans.__('There are no keys yet')} />
      )}
      {keys.data && keys.data.length > 0 && <Table keys={keys.data} />}
    </div>
  );
}

function Table({ keys }: { keys: readonly AccessKey[] }) {
  const { trans } = useAutoML();
  return (
    <div
      className="jp-AutoML-wide"
      role="region"
      aria-label={trans.__('Keys')}
      tabIndex={0}
    >
      <table className="jp-AutoML-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('Begins with')}</th>
            <th scope="col">{trans.__('May')}</th>
            <th scope="col">{trans.__('Last used')}</th>
            <th scope="col">{trans.__('Ends')}</th>
            <th scope="col">{trans.__('State')}</th>
          </tr>
        </thead>
        <tbody>
          {keys.map(key => (
            <KeyRow key={key.prefix} known={key} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function KeyRow({ known }: { known: AccessKey }) {
  const automl = useAutoML();
  const { api, trans } = automl;
  const isExpired = Boolean(known.expires_at) && isPast(known.expires_at!);
  const revoke = async () => {
    const title = trans.__('Revoke %1?', known.name);
    const text = trans.__(
      'Programs that use it are refused from now on. This cannot be undone.'
    );
    if (await isConfirmed(automl, title, text, trans.__('Revoke'))) {
      await attempt(automl, () => api.revokeKey(known.prefix));
    }
  };
  return (
    <tr>
      <td>
        <bdi>{known.name}</bdi>
      </td>
      <td>
        <code>automl_{known.prefix}</code>
      </td>
      <td>{known.scopes.map(scope => scopeWord(trans, scope)).join(', ')}</td>
      <td>
        {known.last_used_at ? ago(known.last_used_at) : trans.__('never')}
      </td>
      <td>{known.expires_at ? moment(known.expires_at) : trans.__('never')}</td>
      <td>
        {known.revoked_at ? (
          trans.__('Revoked')
        ) : isExpired ? (
          trans.__('Expired')
        ) : (
          <Button
            small
            minimal={false}
            className="jp-mod-styled"
            aria-label={trans.__('Revoke %1', known.name)}
            onClick={() => void revoke()}
          >
            {trans.__('Revoke…')}
          </Button>
        )}
      </td>
    </tr>
  );
}

function isPast(moment: string): boolean {
  return Date.parse(moment) <= Date.now();
}
