/** The plugins of this extension. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { automlPlugin } from './plugins/automl';
import { jobsPlugin } from './plugins/jobs';

const plugins: JupyterFrontEndPlugin<unknown>[] = [automlPlugin, jobsPlugin];

export default plugins;
