import type { Cluster } from '#shared/contract/clusters.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useDialogs } from '../../stores/dialogs.ts'
import { useNotices } from '../../stores/notices.ts'
import { t } from '../../texts/index.ts'
import { misfitOf } from './misfit.ts'

/** Starts a cluster; where workers are promised more than this machine has, the user is asked first. */
export function useStart(): (cluster: Cluster) => void {
  const store = useClusters()
  const dialogs = useDialogs()
  const notices = useNotices()
  return ({ name, spec }) => {
    const misfit = misfitOf(store.clusters, store.engine, spec)
    if (misfit === undefined) void store.start(name).catch(notices.fail)
    else
      dialogs.confirm({
        title: t('home.ask.startTitle', { cluster: name }),
        text: misfit,
        verb: t('home.ask.start', { cluster: name }),
        gentle: true,
        act: () => store.start(name),
      })
  }
}
