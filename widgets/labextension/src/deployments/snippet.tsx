/** The same question asked from elsewhere, to be copied. */

import { URLExt } from '@jupyterlab/coreutils';
import { useState } from 'react';
import type { Model } from '../api';
import { useAutoML } from '../context';
import { CopyButton } from '../copy';
import { Tabs } from '../job/tabs';
import type { Row } from './rows';
import { curlOf, KEY_VARIABLE, pythonOf } from './snippets';

interface ISnippetsProps {
  model: Model;
  row: Row;
  showKeys: () => void;
}

export function Snippets({ model, row, showKeys }: ISnippetsProps) {
  const { api, trans } = useAutoML();
  const [language, setLanguage] = useState('curl');
  const server = api.serverSettings.baseUrl;
  const { origin } = new URL(server, window.location.href);
  const text =
    language === 'curl'
      ? curlOf(URLExt.join(origin, model.url), row)
      : pythonOf(new URL(server, window.location.href).href, model.name, row);
  return (
    <details className="jp-AutoML-snippets">
      <summary>{trans.__('Ask it from elsewhere')}</summary>
      <p>
        {trans.__(
          'Put an access key that may read into the environment as %1.',
          KEY_VARIABLE
        )}{' '}
        <button className="jp-AutoML-link" onClick={showKeys}>
          {trans.__('Make a key')}
        </button>
      </p>
      <Tabs
        label={trans.__('Language')}
        tabs={[
          { key: 'curl', title: 'curl' },
          { key: 'python', title: 'Python' }
        ]}
        chosen={language}
        choose={setLanguage}
      >
        <div className="jp-AutoML-copied">
          <pre>{text}</pre>
          <CopyButton text={text} />
        </div>
      </Tabs>
    </details>
  );
}
