/** What the plugins of this extension share; others may add to it. */

import type { IWidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Token } from '@lumino/coreutils';
import type { QueryClient } from '@tanstack/react-query';
import type { Api } from './api';
import type { Changes } from './changes';
import type { Settings } from './settings';

export interface IAutoML {
  readonly api: Api;
  readonly changes: Changes;
  readonly client: QueryClient;
  readonly commands: CommandRegistry;
  readonly settings: Settings;
  readonly trans: TranslationBundle;
}

export const IAutoML = new Token<IAutoML>(
  'automl-magics:IAutoML',
  'The connection to the AutoML server extension, its news and its settings.'
);

/** The open tabs of jobs. */
export type IJobTabs = IWidgetTracker;

export const IJobTabs = new Token<IJobTabs>(
  'automl-magics:IJobTabs',
  'The tabs that show training jobs.'
);
