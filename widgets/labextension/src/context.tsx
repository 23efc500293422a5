/** Views: React within Lumino, with what the plugins share at hand. */

import { ReactWidget } from '@jupyterlab/ui-components';
import { QueryClientProvider } from '@tanstack/react-query';
import { createContext, useContext, type ReactElement } from 'react';
import type { IAutoML } from './tokens';

const Context = createContext<IAutoML | null>(null);

/** What the plugins share. */
export function useAutoML(): IAutoML {
  const automl = useContext(Context);
  if (!automl) {
    throw new Error('A view of AutoML stands outside of a View');
  }
  return automl;
}

/** A widget that shows a React element. */
export class View extends ReactWidget {
  constructor(
    private readonly automl: IAutoML,
    private readonly element: ReactElement
  ) {
    super();
    this.addClass('jp-AutoML');
  }

  protected override render(): ReactElement {
    return (
      <Context.Provider value={this.automl}>
        <QueryClientProvider client={this.automl.client}>
          {this.element}
        </QueryClientProvider>
      </Context.Provider>
    );
  }
}
