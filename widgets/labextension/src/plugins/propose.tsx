/** The form that asks the crew for a training table, there again after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { UUID, type ReadonlyJSONObject } from '@lumino/coreutils';
import type { ProposalRequest } from '../api';
import { CommandIDs } from '../commands';
import { automlIcon } from '../icons';
import { Propose } from '../proposals/form';
import { IAutoML } from '../tokens';
import { FormTab } from './create';

const ARGS: ReadonlyJSONObject = {
  type: 'object',
  properties: {
    request: {
      type: 'object',
      description: 'Fields of a feature engineering request to fill in'
    },
    id: { type: 'string', description: 'The id of a tab that returns' }
  }
};

export const proposePlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:propose',
  description: 'Asks the crew for training tables in a form.',
  autoStart: true,
  requires: [IAutoML],
  optional: [ICommandPalette, IFileBrowserFactory, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    automl: IAutoML,
    palette: ICommandPalette | null,
    browsers: IFileBrowserFactory | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands, trans } = automl;
    const tracker = new WidgetTracker<FormTab<Partial<ProposalRequest>>>({
      namespace: 'automl-propose'
    });
    commands.addCommand(CommandIDs.proposeTable, {
      label: trans.__('New Training Table'),
      caption: trans.__('Have a training table proposed from several tables'),
      icon: automlIcon,
      describedBy: { args: ARGS },
      execute: ({ request, id }) => {
        const initial = (request as Partial<ProposalRequest> | undefined) ?? {};
        const tab = new FormTab(
          automl,
          initial,
          id ? String(id) : `automl-propose-${UUID.uuid4()}`,
          trans.__('New training table'),
          (changed, close) => (
            <Propose
              request={initial}
              changed={asked => {
                changed(asked);
                void tracker.save(tab);
              }}
              created={job => {
                close();
                void commands.execute(CommandIDs.openProposal, { ...job });
              }}
            />
          )
        );
        app.shell.add(tab, 'main', { type: 'AutoML' });
        void tracker.add(tab);
        app.shell.activateById(tab.id);
      }
    });
    const selected = () => [
      ...(browsers?.tracker.currentWidget?.selectedItems() ?? [])
    ];
    commands.addCommand(CommandIDs.proposeFromFiles, {
      label: trans.__('Propose a Training Table from These Files…'),
      icon: automlIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => selected().some(({ type }) => type !== 'directory'),
      execute: () => {
        const { contents } = app.serviceManager;
        const source_tables = selected()
          .filter(({ type }) => type !== 'directory')
          .map(({ path }) => contents.localPath(path));
        return commands.execute(CommandIDs.proposeTable, {
          request: { source_tables }
        });
      }
    });
    palette?.addItem({
      command: CommandIDs.proposeTable,
      category: trans.__('AutoML')
    });
    launcher?.add({
      command: CommandIDs.proposeTable,
      category: trans.__('AutoML'),
      rank: 2
    });
    void restorer?.restore(tracker, {
      command: CommandIDs.proposeTable,
      args: tab => ({ id: tab.id, request: { ...tab.request } as never }),
      name: tab => tab.id
    });
  }
};
