import { Scaling } from '@lucide/vue'
import { h } from 'vue'
import type { KubeObject } from '#shared/kube/object.ts'
import ScaleDialog from '../../components/ScaleDialog.vue'
import { t } from '../../texts/index.ts'
import { mayOr, type Action } from './action.ts'

type Scalable = KubeObject & { spec?: { replicas?: number } }

export const scale: Action<Scalable> = {
  id: 'scale',
  label: 'Scale',
  labelOf: () => t('dialogs.scale.label'),
  icon: Scaling,
  kubectl: ({ spec }) => ({ verb: 'scale', replicas: spec?.replicas ?? 1 }),
  enabled: (object, access) => mayOr(access, 'patch', object, { subresource: 'scale' }),
  run(object, { kind, cluster, dialogs, placeOf, colour, kubectl, say }) {
    const { name } = object.metadata
    dialogs.show((close) =>
      h(ScaleDialog, {
        name,
        place: placeOf(object),
        colour,
        kubectl: (replicas: number) => kubectl(object, { verb: 'scale', replicas }),
        replicas: object.spec?.replicas ?? 1,
        async scale(replicas: number) {
          await cluster.scale(kind.resource, object, replicas)
          say(t('dialogs.scale.done', { name, n: replicas }))
        },
        onClose: close,
      }),
    )
  },
}
