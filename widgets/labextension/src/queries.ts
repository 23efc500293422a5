/** What views know of the server: asked once, shared, and asked again when the server says so. */

import {
  keepPreviousData,
  QueryClient,
  useQuery,
  useQueryClient
} from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import {
  ApiError,
  type JobQuery,
  type LogLine,
  type TrainingRequest,
  type TrainingJobPage
} from './api';
import type { Changes, IJobChange } from './changes';
import { useAutoML } from './context';

const LISTS = ['training', 'list'] as const;
const LOG_PAGE = 2000;
const LOG_KEPT = 20_000;

/** Make the store of answers; views without news of changes ask again now and then. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always', // a server on this machine needs no network
        refetchOnReconnect: false,
        refetchOnWindowFocus: false,
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && error.status === 0,
        staleTime: 1000
      }
    }
  });
}

/** Ask again what a change has made out of date; on a new connection, everything. */
export function followChanges(changes: Changes, client: QueryClient): void {
  const statuses = new Map<string, string | null>();
  changes.connectedChanged.connect((_, isConnected) => {
    if (isConnected) {
      void client.invalidateQueries();
    }
  });
  changes.changed.connect((_, change) => {
    if (change.kind !== 'training') {
      void client.invalidateQueries({ queryKey: [change.kind, 'list'] });
      void client.invalidateQueries({ queryKey: [change.kind, change.job_id] });
      return;
    }
    const isNews = statuses.get(change.job_id) !== change.status;
    statuses.set(change.job_id, change.status);
    client.setQueriesData<TrainingJobPage>(
      { queryKey: LISTS },
      page => page && withChange(page, change)
    );
    if (isNews || change.deleted) {
      void client.invalidateQueries({ queryKey: LISTS });
    }
    if (!change.deleted) {
      void client.invalidateQueries({ queryKey: ['training', change.job_id] });
    }
  });
}

/** Put the progress that an event tells into a page that shows the job. */
export function withChange(
  page: TrainingJobPage,
  change: IJobChange
): TrainingJobPage {
  const told = change.progress;
  return {
    ...page,
    jobs: page.jobs.map(job => {
      if (job.job_id !== change.job_id || !told) {
        return job;
      }
      const progress = {
        ...job.progress,
        phase: told.phase as NonNullable<typeof job.progress>['phase'],
        elapsed: told.elapsed ?? 0,
        trials_done: told.trials_done ?? 0,
        trials_planned: told.trials_planned,
        metric: change.metric,
        best_score: change.best_score
      };
      return { ...job, progress };
    })
  };
}

/** Milliseconds between two looks while no news comes; false while it does. */
export function useInterval(): number | false {
  const { changes, settings } = useAutoML();
  const isConnected = useConnected();
  return isConnected || changes.isConnected ? false : settings.refresh * 1000;
}

/** Whether news of changes comes in. */
export function useConnected(): boolean {
  const { changes } = useAutoML();
  const [isConnected, setConnected] = useState(changes.isConnected);
  useEffect(() => {
    const note = () => setConnected(changes.isConnected);
    note();
    changes.connectedChanged.connect(note);
    return () => {
      changes.connectedChanged.disconnect(note);
    };
  }, [changes]);
  return isConnected;
}

export function useVersion() {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['version'],
    queryFn: api.version,
    refetchInterval: useInterval(),
    staleTime: Infinity
  });
}

export function useJobs(query: JobQuery) {
  const { api } = useAutoML();
  return useQuery({
    queryKey: [...LISTS, query],
    queryFn: () => api.jobs(query),
    placeholderData: keepPreviousData,
    refetchInterval: useInterval()
  });
}

export function useJob(id: string) {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['training', id, 'details'],
    queryFn: () => api.job(id),
    refetchInterval: useInterval()
  });
}

export function useTrials(id: string, enabled = true) {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['training', id, 'trials'],
    queryFn: () => api.trials(id),
    enabled,
    refetchInterval: useInterval()
  });
}

/** Where the log of either kind of job is asked for. */
export type LogKind = 'training' | 'feature_engineering';

/** A job's log; only what is new is fetched. */
export function useLog(id: string, kind: LogKind = 'training') {
  const { api } = useAutoML();
  const client = useQueryClient();
  const queryKey = [kind, id, 'log'];
  const ask = kind === 'training' ? api.logs : api.proposalLogs;
  return useQuery({
    queryKey,
    queryFn: async () => {
      let lines = client.getQueryData<LogLine[]>(queryKey) ?? [];
      for (;;) {
        const after = lines.at(-1)?.seq ?? 0;
        const more = await ask(id, after, LOG_PAGE);
        lines = [...lines, ...more].slice(-LOG_KEPT);
        if (more.length < LOG_PAGE) {
          return lines;
        }
      }
    },
    refetchInterval: useInterval()
  });
}

/** The columns and first rows of a source; looked at once it is named. */
export function useSource(text: string) {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['source', text],
    queryFn: () => api.lookAtSource(text),
    enabled: Boolean(text),
    staleTime: 60_000
  });
}

/** What a request would be as a job, and what is wrong with it. */
export function useCheck(request: TrainingRequest, enabled: boolean) {
  const { api } = useAutoML();
  const checked = { ...request, name: undefined, description: undefined };
  return useQuery({
    queryKey: ['check', checked],
    queryFn: () => api.check(checked),
    enabled,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000
  });
}

export function useDatasets() {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['datasets'],
    queryFn: api.datasets,
    staleTime: 60_000
  });
}

/** What a request holds, as the server describes it. */
export function useSchemas() {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['schemas'],
    queryFn: api.schemas,
    staleTime: Infinity
  });
}

export function useModels() {
  const { api } = useAutoML();
  return useQuery({
    queryKey: ['models'],
    queryFn: api.models,
    refetchInterval: useInterval()
  });
}

/** The jobs that made the versions of a registered model, newest first. */
export function useVersions(name: string) {
  return useJobs({
    registered_model_name: name,
    status: ['complete', 'stopped'],
    limit: 50
  });
}

export function useKeys() {
  const { api } = useAutoML();
  return useQuery({ queryKey: ['keys'], queryFn: api.keys });
}
