/** What is deployed, and who may ask it from elsewhere. */

import { useAutoML } from '../context';
import { Tabs } from '../job/tabs';
import { WithServer } from '../server';
import { Keys } from './keys';
import { Models } from './models';

export type DeploymentsTab = 'models' | 'keys';

interface IDeploymentsPageProps {
  tab: DeploymentsTab;
  showTab: (tab: DeploymentsTab) => void;
  /** The name of the model in sight; the first one where it is empty. */
  model: string;
  showModel: (name: string) => void;
}

export function DeploymentsPage(props: IDeploymentsPageProps) {
  const { trans } = useAutoML();
  const { tab, showTab, model, showModel } = props;
  return (
    <WithServer>
      <Tabs
        label={trans.__('Deployments')}
        tabs={[
          { key: 'models', title: trans.__('Deployed models') },
          { key: 'keys', title: trans.__('Access keys') }
        ]}
        chosen={tab}
        choose={key => showTab(key as DeploymentsTab)}
      >
        {tab === 'keys' ? (
          <Keys />
        ) : (
          <Models
            chosen={model}
            choose={showModel}
            showKeys={() => showTab('keys')}
          />
        )}
      </Tabs>
    </WithServer>
  );
}
