/** Data files in the file browser: their types, and a way from one to a training job. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { spreadsheetIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandIDs } from '../commands';
import { automlIcon } from '../icons';
import { IAutoML } from '../tokens';

export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'automl-magics:files',
  description: 'Trains a model from a file of the file browser.',
  autoStart: true,
  requires: [IAutoML, IFileBrowserFactory],
  activate: (
    { commands, docRegistry, serviceManager }: JupyterFrontEnd,
    { trans }: IAutoML,
    browsers: IFileBrowserFactory
  ): void => {
    for (const type of unknownToLab(trans)) {
      if (!docRegistry.getFileType(type.name!)) {
        docRegistry.addFileType(type);
      }
    }
    const selected = () =>
      browsers.tracker.currentWidget?.selectedItems().next().value;
    commands.addCommand(CommandIDs.trainFromFile, {
      label: trans.__('Train a Model from This File…'),
      icon: automlIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => Boolean(selected()),
      execute: () => {
        const { path } = selected()!;
        const source_table = serviceManager.contents.localPath(path);
        return commands.execute(CommandIDs.createJob, {
          request: { source_table }
        });
      }
    });
  }
};

/** `schema/plugin.json` names these types, and those that JupyterLab knows by itself. */
function unknownToLab(
  trans: TranslationBundle
): Partial<DocumentRegistry.IFileType>[] {
  const binary = {
    contentType: 'file',
    fileFormat: 'base64',
    icon: spreadsheetIcon
  } as const;
  return [
    {
      ...binary,
      name: 'parquet',
      displayName: trans.__('Parquet File'),
      extensions: ['.parquet', '.pq'],
      mimeTypes: ['application/vnd.apache.parquet']
    },
    {
      ...binary,
      name: 'arrow',
      displayName: trans.__('Arrow File'),
      extensions: ['.arrow', '.feather', '.ipc'],
      mimeTypes: ['application/vnd.apache.arrow.file']
    }
  ];
}
