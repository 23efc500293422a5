/** Dragging a job's row into a notebook, where it becomes the cell that loads its model. */

import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type { MouseEvent } from 'react';
import type { TrainingJob } from '../api';
import { modelCell } from '../cell';

/** What notebooks take. */
const CELLS = 'application/vnd.jupyter.cells';
/** Pixels after which a press is a drag and no click. */
const FAR = 6;

/** Watch a press on a row; it may become a drag. */
export function startsDrag(
  press: MouseEvent<HTMLElement>,
  job: TrainingJob
): void {
  if (press.button !== 0) {
    return;
  }
  const watching = new AbortController();
  const { signal } = watching;
  const onMove = (move: globalThis.MouseEvent) => {
    const far = Math.hypot(
      move.clientX - press.clientX,
      move.clientY - press.clientY
    );
    if (far > FAR) {
      watching.abort();
      void drag(job, move);
    }
  };
  document.addEventListener('mousemove', onMove, { signal });
  document.addEventListener('mouseup', () => watching.abort(), { signal });
}

async function drag(
  job: TrainingJob,
  { clientX, clientY }: globalThis.MouseEvent
): Promise<void> {
  const source = modelCell(job.job_id, Boolean(job.registered_model_version));
  const mimeData = new MimeData();
  mimeData.setData(CELLS, [
    {
      cell_type: 'code',
      source,
      metadata: {},
      outputs: [],
      execution_count: null
    }
  ]);
  mimeData.setData('text/plain', source);
  const dragImage = document.createElement('div');
  dragImage.className = 'jp-AutoML-dragged';
  dragImage.textContent = job.name;
  const dragged = new Drag({
    mimeData,
    dragImage,
    supportedActions: 'copy',
    proposedAction: 'copy'
  });
  await dragged.start(clientX, clientY);
  dragged.dispose();
}
