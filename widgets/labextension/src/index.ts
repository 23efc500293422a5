/** The plugins of this extension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { automlPlugin } from './plugins/automl';
import { jobPlugin } from './plugins/job';
import { jobsPlugin } from './plugins/jobs';
import { noticesPlugin } from './plugins/notices';
import { runningPlugin } from './plugins/running';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  automlPlugin,
  jobsPlugin,
  jobPlugin,
  noticesPlugin,
  runningPlugin
];

export default plugins;
