/** The form of a new training job in the main area, there again after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { UUID, type ReadonlyJSONObject } from '@lumino/coreutils';
import type { ReactElement } from 'react';
import type { TrainingRequest } from '../api';
import { CommandIDs } from '../commands';
import { View } from '../context';
import { NewJob } from '../create/form';
import { automlIcon } from '../icons';
import { IAutoML } from '../tokens';

const ARGS: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    request: {
      type: 'object',
      description: 'Fields of a training request to fill in'
    },
    id: { type: 'string', description: 'The id of a tab that returns' }
  }
};

export const createPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:create',
  description: 'Creates training jobs in a form.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, settings, trans } = automl;
    const tracker = new WidgetTracker<FormTab<Partial<TrainingRequest>>>({
      namespace: 'automl-new'
    });
    commands.addCommand(CommandIDs.createJob, {
      label: trans.__('New Training Job'),
      caption: trans.__('Train a model on a file, a table or a query'),
      icon: automlIcon,
      describedBy: { args: ARGS },
      execute: ({ request, id }) => {
        const asked = (request as Partial<TrainingRequest> | undefined) ?? {};
        const initial: Partial<TrainingRequest> = {
          preset: settings.preset,
          time_limit: settings.timeLimit,
          executor: settings.executor,
          ...asked
        };
        const tab = new FormTab(
          automl,
          initial,
          id ? String(id) : `automl-new-${UUID.uuid4()}`,
          trans.__('New training job'),
          (changed, close) => (
            <NewJob
              request={initial}
              changed={request => {
                changed(request);
                void tracker.save(tab);
              }}
              created={job => {
                close();
                void commands.execute(CommandIDs.openJob, { ...job });
              }}
            />
          )
        );
        app.shell.add(tab, 'main', { type: 'AutoML' });
        void tracker.add(tab);
        app.shell.activateById(tab.id);
      }
    });
    launcher?.add({
      command: CommandIDs.createJob,
      category: trans.__('AutoML'),
      rank: 0
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.createJob,
      args: tab => ({ id: tab.id, request: { ...tab.request } as never }),
      name: tab => tab.id
    });
  }
};

/** A tab that asks for something, and gives way to what was made. */
export class FormTab<R extends object> extends MainAreaWidget<View> {
  /**
   * @param request - What is filled in; kept up to date.
   * @param form - Draws the form; `close` is for when it has done its work.
   */
  constructor(
    automl: IAutoML,
    public request: R,
    id: string,
    title: string,
    form: (changed: (request: R) => void, close: () => void) => ReactElement
  ) {
    const drawn = form(
      asked => {
        this.request = asked;
      },
      () => this.dispose()
    );
    super({ content: new View(automl, drawn) });
    this.id = id;
    this.content.addClass('jp-AutoML-page');
    this.toolbar.hide();
    this.title.label = title;
    this.title.icon = automlIcon;
    this.title.closable = true;
  }
}
