/** A new access key: asked for, shown once, gone from here once it has been taken. */

import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useMutation } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { ApiError, type AccessScope } from '../api';
import { useAutoML } from '../context';
import { CopyButton } from '../copy';

const SCOPES: AccessScope[] = ['ml-workbench:read', 'ml-workbench:write'];

export function scopeWord(
  trans: TranslationBundle,
  scope: AccessScope
): string {
  return scope === 'ml-workbench:read' ? trans.__('read') : trans.__('write');
}

export function NewKey() {
  const { api, client, trans } = useAutoML();
  const id = useId();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly AccessScope[]>([SCOPES[0]]);
  const [days, setDays] = useState('90');
  const creation = useMutation({
    networkMode: 'always',
    gcTime: 0, // the key is kept nowhere once it is out of sight
    mutationFn: () =>
      api.createKey({
        name,
        scopes: [...scopes],
        expires_in_days: days ? Number(days) : null
      }),
    onSuccess: () => setName(''),
    onSettled: () => void client.invalidateQueries({ queryKey: ['keys'] })
  });
  const fields =
    creation.error instanceof ApiError ? creation.error.fields : {};
  const wrong = Object.values(fields).join(' ') || creation.error?.message;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    creation.mutate();
  };
  if (creation.data) {
    return (
      <div className="jp-AutoML-banner jp-AutoML-newKey" role="status">
        <strong>
          {trans.__(
            'The key %1. Take it now: it is shown this once.',
            creation.data.name
          )}
        </strong>
        <div className="jp-AutoML-copied">
          <pre>{creation.data.key}</pre>
          <CopyButton text={creation.data.key} />
        </div>
        <Button
          small
          minimal={false}
          className="jp-mod-styled"
          onClick={() => creation.reset()}
        >
          {trans.__('I have it')}
        </Button>
      </div>
    );
  }
  const words: Record<AccessScope, string> = {
    'ml-workbench:read': trans.__('Read: look at jobs, ask models'),
    'ml-workbench:write': trans.__('Write: create, stop, deploy, delete')
  };
  return (
    <form
      className="jp-AutoML-newKey"
      aria-label={trans.__('New key')}
      noValidate
      onSubmit={submit}
    >
      <div>
        <label htmlFor={`${id}-name`}>{trans.__('Name')}</label>
        <input
          id={`${id}-name`}
          className="jp-mod-styled"
          dir="auto"
          placeholder={trans.__('who or what it is for')}
          value={name}
          aria-invalid={Boolean(wrong)}
          aria-describedby={`${id}-wrong`}
          onChange={event => setName(event.target.value)}
        />
      </div>
      <fieldset>
        <legend>{trans.__('It may')}</legend>
        {SCOPES.map(scope => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              onChange={event =>
                setScopes(
                  SCOPES.filter(one =>
                    one === scope ? event.target.checked : scopes.includes(one)
                  )
                )
              }
            />
            {words[scope]}
          </label>
        ))}
      </fieldset>
      <div>
        <label htmlFor={`${id}-days`}>{trans.__('It ends')}</label>
        <HTMLSelect
          id={`${id}-days`}
          value={days}
          onChange={event => setDays(event.target.value)}
        >
          {['7', '30', '90', '365'].map(one => (
            <option key={one} value={one}>
              {trans.__('in %1 days', one)}
            </option>
          ))}
          <option value="">{trans.__('never')}</option>
        </HTMLSelect>
      </div>
      <Button
        type="submit"
        small
        minimal={false}
        className="jp-mod-styled jp-mod-accept"
        disabled={creation.isPending}
      >
        {trans.__('Make Key')}
      </Button>
      <div id={`${id}-wrong`} className="jp-AutoML-fieldTold">
        {wrong && <strong role="alert">{wrong}</strong>}
      </div>
    </form>
  );
}
