/**
 * Everything the panel asks of the server. The types of what travels are generated from the
 * server's OpenAPI document: see `schema.ts` and `make panel`.
 */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Schemas as JSONSchemas } from './jsonschema';
import type { components, paths } from './schema';

type Schemas = components['schemas'];

export type TrainingJob = Schemas['TrainingJob'];
export type TrainingJobPage = Schemas['TrainingJobPage'];
export type TrainingRequest = Schemas['AutoMLTrainingRequest'];
export type TrainingCheck = Schemas['TrainingCheck'];
export type JobStatus = Schemas['JobStatus'];
export type Trial = Schemas['Trial'];
export type LeaderboardRow = Schemas['LeaderboardRow'];
export type LogLine = Schemas['LogLine'];
export type LogLevel = Schemas['LogLevel'];
export type SourceColumn = Schemas['SourceColumn'];
export type SourceLook = Schemas['SourceLook'];
export type Proposal = Schemas['FeatureEngineeringJob'];
export type ProposalPage = Schemas['FeatureEngineeringPage'];
export type ProposalStatus = Schemas['FeatureEngineeringStatus'];
export type ProposalRequest = Schemas['FeatureEngineeringRequest'];
export type Approval = Schemas['FeatureEngineeringApproval'];
export type RecipeEdits = Schemas['RecipeEdits'];
export type FeatureRecipe = Schemas['FeatureRecipe'];
export type RecipeFeature = Schemas['RecipeFeature'];
export type LabelSpec = Schemas['LabelSpec'];
export type TrainRequest = Schemas['TrainRequest'];
export type ProposalQuery = QueryOf<
  'get',
  '/api/automl/feature-engineering/jobs'
>;
export type Model = Schemas['AutoMLModel'];
export type ModelColumn = Schemas['AutoMLModelColumn'];
export type AccessKey = Schemas['AccessKey'];
export type AccessKeyRequest = Schemas['AccessKeyRequest'];
export type AccessScope = Schemas['AccessScope'];
/** What a model says of one row, by column. */
export type Prediction = Readonly<Record<string, unknown>>;
export type JobQuery = QueryOf<'get', '/api/automl/train/jobs'>;

/** What an answer that is not a good one says, in one line. */
export class ApiError extends Error {
  /**
   * @param status - The HTTP status code; 0 where the server cannot be reached.
   * @param message - What is wrong and what to do about it.
   * @param fields - What is wrong with single fields, by their names.
   */
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Readonly<Record<string, string>> = {}
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The routes of the server extension, as methods. */
export class Api {
  constructor(readonly serverSettings: ServerConnection.ISettings) {}

  version = async (): Promise<string> =>
    (await this.request('get', '/api/automl/version')).version;

  jobs = async (query: JobQuery): Promise<TrainingJobPage> => {
    const asked = { ...query, details: true };
    const page = await this.request('get', '/api/automl/train/jobs', {
      query: asked
    });
    return page as TrainingJobPage;
  };

  job = (id: string): Promise<TrainingJob> =>
    this.request('get', '/api/automl/train/jobs/{job_id}/details', {
      path: { job_id: id }
    });

  trials = async (id: string): Promise<Trial[]> => {
    const path = '/api/automl/train/jobs/{job_id}/trials';
    return (await this.request('get', path, { path: { job_id: id } })).trials;
  };

  /** Log lines after the one numbered `after`, oldest first, at most `limit`. */
  logs = async (
    id: string,
    after: number,
    limit: number
  ): Promise<LogLine[]> => {
    const path = '/api/automl/train/jobs/{job_id}/logs';
    const asked = { path: { job_id: id }, query: { after, limit } };
    return (await this.request('get', path, asked)).logs;
  };

  /** What a request would be as a job; refused as creating it would be. */
  check = (body: TrainingRequest): Promise<TrainingCheck> =>
    this.request('post', '/api/automl/train/check', { body });

  /** The columns and the first rows of what a request may name as its source. */
  lookAtSource = (text: string): Promise<SourceLook> =>
    this.request('post', '/api/automl/train/source', {
      body: { source_table: text }
    });

  /** The names of files and tables that one can train on. */
  datasets = async (): Promise<string[]> =>
    (await this.request('get', '/api/v1/automl/datasets')).datasets.map(
      ({ name }) => name
    );

  /** What travels, described by the server itself. */
  schemas = async (): Promise<JSONSchemas> => {
    const told = await this.request('get', '/api/automl/openapi.json');
    return (told as unknown as { components: { schemas: JSONSchemas } })
      .components.schemas;
  };

  create = (body: TrainingRequest) =>
    this.request('post', '/api/automl/train', { body });

  trigger = (id: string) =>
    this.request('post', '/api/automl/train/jobs/{job_id}/trigger', {
      path: { job_id: id }
    });

  stop = (id: string) =>
    this.request('post', '/api/automl/train/jobs/{job_id}/stop', {
      path: { job_id: id }
    });

  /** Let a job that has ended go on for more seconds. */
  extend = (id: string, seconds: number) =>
    this.request('post', '/api/automl/train/jobs/{job_id}/extend', {
      path: { job_id: id },
      body: { seconds }
    });

  remove = (id: string) =>
    this.request('delete', '/api/automl/train/jobs/{job_id}', {
      path: { job_id: id }
    });

  deploy = (id: string) =>
    this.request('post', '/api/v1/automl/jobs/{id}/deploy', { path: { id } });

  /** Deployed models, by name; the first question may wake the process that answers. */
  models = async (): Promise<Model[]> =>
    (await this.request('get', '/api/v1/automl/models')).models;

  undeploy = (name: string) =>
    this.request('delete', '/api/v1/automl/models/{name}', { path: { name } });

  /** Have a deployed model predict rows, written as `mediaType` says. */
  invoke = async (
    model: Model,
    rows: string,
    mediaType: string
  ): Promise<Prediction[]> => {
    const path = '/api/v1/automl/models/{name}/invocations';
    const text = await this.ask(this.url(filled(path, { name: model.name })), {
      method: 'POST',
      body: rows,
      headers: { 'Content-Type': mediaType }
    });
    return JSON.parse(text).predictions;
  };

  keys = async (): Promise<AccessKey[]> =>
    (await this.request('get', '/api/automl/keys')).keys;

  createKey = (body: AccessKeyRequest) =>
    this.request('post', '/api/automl/keys', { body });

  revokeKey = (prefix: string) =>
    this.request('delete', '/api/automl/keys/{prefix}', { path: { prefix } });

  /** A notebook that builds the job's model anew. */
  notebook = (id: string) =>
    this.request('get', '/api/automl/train/jobs/{job_id}/notebook', {
      path: { job_id: id }
    });

  report = (id: string) =>
    this.request('get', '/api/automl/train/jobs/{job_id}/report', {
      path: { job_id: id }
    });

  /** A page of records without recipes and SQL. */
  proposals = async (query: ProposalQuery): Promise<ProposalPage> => {
    const path = '/api/automl/feature-engineering/jobs';
    const asked = { ...query, details: true, brief: true };
    return (await this.request('get', path, { query: asked })) as ProposalPage;
  };

  proposal = (id: string): Promise<Proposal> =>
    this.request(
      'get',
      '/api/automl/feature-engineering/jobs/{job_id}/details',
      { path: { job_id: id } }
    );

  proposalLogs = async (
    id: string,
    after: number,
    limit: number
  ): Promise<LogLine[]> => {
    const path = '/api/automl/feature-engineering/jobs/{job_id}/logs';
    const asked = { path: { job_id: id }, query: { after, limit } };
    return (await this.request('get', path, asked)).logs;
  };

  propose = (body: ProposalRequest) =>
    this.request('post', '/api/automl/feature-engineering', { body });

  /** Keep edits of a proposal, which is validated anew. */
  editProposal = (id: string, body: RecipeEdits) =>
    this.request('post', '/api/automl/feature-engineering/jobs/{job_id}/edit', {
      path: { job_id: id },
      body
    });

  approveProposal = (id: string, body: Approval) =>
    this.request(
      'post',
      '/api/automl/feature-engineering/jobs/{job_id}/approve',
      { path: { job_id: id }, body }
    );

  retryProposal = (id: string) =>
    this.request(
      'post',
      '/api/automl/feature-engineering/jobs/{job_id}/retry',
      { path: { job_id: id } }
    );

  removeProposal = (id: string) =>
    this.request('delete', '/api/automl/feature-engineering/jobs/{job_id}', {
      path: { job_id: id }
    });

  /** Where a path of the server is, for links and downloads. */
  url(path: string): string {
    return URLExt.join(this.serverSettings.baseUrl, path);
  }

  /**
   * Ask one of the declared routes.
   *
   * @throws ApiError with the server's own words.
   */
  async request<V extends Verb, P extends PathWith<V>>(
    verb: V,
    path: P,
    asked: IAsked<V, P> = {}
  ): Promise<Answer<V, P>> {
    const url = this.url(filled(path, asked.path)) + queryText(asked.query);
    const init: RequestInit = { method: verb.toUpperCase(), cache: 'no-cache' };
    if (asked.body !== undefined) {
      init.body = JSON.stringify(asked.body);
      init.headers = { 'Content-Type': 'application/json' };
    }
    const text = await this.ask(url, init);
    return (text ? JSON.parse(text) : undefined) as Answer<V, P>;
  }

  private async ask(url: string, init: RequestInit): Promise<string> {
    const response = await this.send(url, init);
    const text = await response.text();
    if (!response.ok) {
      throw refusal(response.status, text);
    }
    return text;
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await ServerConnection.makeRequest(url, init, this.serverSettings);
    } catch (error) {
      throw new ApiError(0, `The server cannot be reached. ${error}`);
    }
  }
}

type Verb = 'get' | 'post' | 'put' | 'delete';
type PathWith<V extends Verb> = {
  [P in keyof paths]: paths[P] extends { [verb in V]: object } ? P : never;
}[keyof paths];
type Operation<V extends Verb, P extends keyof paths> = paths[P] extends {
  [verb in V]: infer O;
}
  ? O
  : never;
type QueryOf<V extends Verb, P extends keyof paths> =
  Operation<V, P> extends { parameters: { query?: infer Q } }
    ? NonNullable<Q>
    : never;
type BodyOf<V extends Verb, P extends keyof paths> =
  Operation<V, P> extends {
    requestBody: { content: { 'application/json': infer B } };
  }
    ? B
    : never;
type Good = 200 | 201 | 202;
type Answer<V extends Verb, P extends keyof paths> =
  Operation<V, P> extends { responses: infer R }
    ? {
        [S in keyof R & Good]: R[S] extends {
          content: { 'application/json': infer A };
        }
          ? A
          : void;
      }[keyof R & Good]
    : never;

interface IAsked<V extends Verb, P extends keyof paths> {
  path?: Record<string, string>;
  query?: QueryOf<V, P>;
  body?: BodyOf<V, P>;
}

function filled(path: string, values: Record<string, string> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(values[name])
  );
}

function queryText(query: object = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '') {
        words.append(name, String(one));
      }
    }
  }
  const text = words.toString();
  return text && `?${text}`;
}

/** Read an error in either of the contract's two shapes. */
export function refusal(status: number, text: string): ApiError {
  let content: Partial<
    Schemas['ErrorResponse'] & Schemas['HTTPValidationError']
  > = {};
  try {
    content = JSON.parse(text);
  } catch {
    // a proxy's page, or Jupyter's: the status alone tells
  }
  if (content.detail?.length) {
    const fields = Object.fromEntries(
      content.detail.map(one => [
        one.loc.slice(1).join('.'),
        withHint(one.msg, one.ctx?.hint)
      ])
    );
    const told = Object.entries(fields).map(([field, message]) =>
      field && !message.includes(field) ? `${field}: ${message}` : message
    );
    return new ApiError(status, told.join(' '), fields);
  }
  return new ApiError(
    status,
    content.error ?? `The server answers with status ${status}.`
  );
}

/** What is wrong and what to do about it; some answers say both in one. */
function withHint(message: string, hint: unknown): string {
  return typeof hint !== 'string' || message.includes(hint)
    ? message
    : `${message} ${hint}`;
}
