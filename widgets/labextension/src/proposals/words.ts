/** How the states of a proposal read. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { ProposalStatus } from '../api';

export function proposalWord(
  trans: TranslationBundle,
  status: ProposalStatus
): string {
  const words: Record<ProposalStatus, string> = {
    running: trans.__('Being designed'),
    pending_approval: trans.__('To be reviewed'),
    approved: trans.__('Approved'),
    materializing: trans.__('Being made'),
    complete: trans.__('Complete'),
    failed: trans.__('Failed')
  };
  return words[status];
}

/** Whether a process works on the job. */
export function isAtWork(status: string | null | undefined): boolean {
  return ['running', 'approved', 'materializing'].includes(status ?? '');
}

/** The colour that stands for a state, as training jobs have it. */
export function tone(status: ProposalStatus): string {
  const tones: Record<ProposalStatus, string> = {
    running: 'running',
    pending_approval: 'ready',
    approved: 'queued',
    materializing: 'running',
    complete: 'complete',
    failed: 'failed'
  };
  return tones[status];
}
