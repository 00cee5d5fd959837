import { History } from '@lucide/vue'
import { h } from 'vue'
import type { PodTemplateSpec } from '#shared/kube/generated/types.ts'
import type { KubeObject } from '#shared/kube/object.ts'
import { t, withTexts } from '../../texts/index.ts'
import { controllerRevisionsOf, hasOneRevision, revisionsOf } from '../apps/revisions.ts'
import { allOr, mayOr, type Action } from './action.ts'

type Workload = KubeObject & { spec?: { template?: PodTemplateSpec; revisionHistoryLimit?: number } }

/** Takes a Deployment, StatefulSet or DaemonSet back to an earlier pod template. */
export const rollBack: Action<Workload> = {
  id: 'roll-back',
  label: 'Roll back',
  labelOf: () => t('dialogs.rollBack.label'),
  icon: History,
  kubectl: () => ({ verb: 'undo' }),
  enabled: (object, access) =>
    allOr(mayOr(access, 'patch', object), hasOneRevision(object) ? t('dialogs.rollBack.none') : true),
  async run(object, { kind: { resource }, cluster, dialogs, placeOf, colour, kubectl, chosen: wanted, say }) {
    const { name, uid } = object.metadata
    // The page begins without its dialogs and without YAML.
    const [{ default: RollBackDialog }, { templateText }] = await Promise.all([
      withTexts(['pages'], () => import('../../components/RollBackDialog.vue'))(),
      import('../apps/template-text.ts'),
    ])
    const [, ...earlier] =
      resource.kind === 'Deployment'
        ? revisionsOf(uid, await cluster.replicaSets(object))
        : controllerRevisionsOf(uid, await cluster.controllerRevisions(object))
    dialogs.show((close) =>
      h(RollBackDialog, {
        name,
        place: placeOf(object),
        colour,
        kubectl: (revision: number) => kubectl(object, { verb: 'undo', revision }),
        current: templateText(object.spec?.template),
        wanted,
        revisions: earlier.map(({ number, template, ...rest }) => ({
          ...rest,
          revision: number,
          template: templateText(template),
        })),
        async rollBack(revision: number) {
          const chosen = earlier.find((each) => each.number === revision)
          if (!chosen) return
          await cluster.rollBack(resource, object, chosen.template)
          say(t('dialogs.rollBack.done', { name, revision: String(revision) }))
        },
        onClose: close,
      }),
    )
  },
}
