/** The plugins of this extension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { automlPlugin } from './plugins/automl';
import { createPlugin } from './plugins/create';
import { deploymentsPlugin } from './plugins/deployments';
import { filesPlugin } from './plugins/files';
import { jobPlugin } from './plugins/job';
import { jobsPlugin } from './plugins/jobs';
import { notebookPlugin } from './plugins/notebook';
import { noticesPlugin } from './plugins/notices';
import { proposalPlugin } from './plugins/proposal';
import { proposePlugin } from './plugins/propose';
import { runningPlugin } from './plugins/running';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  automlPlugin,
  createPlugin,
  deploymentsPlugin,
  filesPlugin,
  jobsPlugin,
  jobPlugin,
  notebookPlugin,
  noticesPlugin,
  proposalPlugin,
  proposePlugin,
  runningPlugin
];

export default plugins;
