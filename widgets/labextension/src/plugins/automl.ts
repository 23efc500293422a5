/** The connection that everything else here uses. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from '../api';
import { Changes } from '../changes';
import { followChanges, makeQueryClient } from '../queries';
import { Settings } from '../settings';
import { IAutoML } from '../tokens';

export const automlPlugin: JupyterFrontEndPlugin<IAutoML> = {
  id: 'automl-magics:plugin',
  description: 'Connects to the AutoML server extension and hears its news.',
  autoStart: true,
  provides: IAutoML,
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): IAutoML => {
    const { serverSettings } = app.serviceManager;
    const changes = new Changes(serverSettings);
    const client = makeQueryClient();
    followChanges(changes, client);
    const settings = new Settings();
    void registry
      ?.load(automlPlugin.id)
      .then(loaded => settings.use(loaded))
      .catch(() => undefined); // the defaults then
    return {
      api: new Api(serverSettings),
      changes,
      client,
      commands: app.commands,
      settings,
      trans: (translator ?? nullTranslator).load('automl_magics')
    };
  }
};
