import { LabIcon } from '@jupyterlab/ui-components';
import automl from '../style/icons/automl.svg';

export const automlIcon = new LabIcon({
  name: 'automl-magics:automl',
  svgstr: automl
});
