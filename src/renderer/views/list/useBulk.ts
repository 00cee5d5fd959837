import { h, type ComputedRef } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import { kubectlCommand, type KubectlVerb } from '../../kinds/actions/kubectl-command.ts'
import { countText, isFarReaching } from '../../kinds/actions/remove.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useDialogs } from '../../stores/dialogs.ts'
import { placeText } from '../../composables/target.ts'
import { t } from '../../texts/index.ts'
import type { KindActions } from '../useKindActions.ts'
import BulkDialog from './BulkDialog.vue'
import BulkLabelDialog from './BulkLabelDialog.vue'
import BulkScaleDialog from './BulkScaleDialog.vue'

export interface BulkAction {
  id: 'restart' | 'scale' | 'label' | 'delete'
  label: string
  danger?: boolean
  /** Why the user cannot do it. */
  reason: string | undefined
  run(): void
}

/** What can be done to all selected objects at once: each in a dialog that names them and where they are. */
export function useBulk(options: {
  context: () => string
  kind: () => KindDescriptor
  chosen: ComputedRef<readonly Stored[]>
  actions: KindActions
  onDone(succeeded: string[]): void
}) {
  const { context, kind, chosen, actions, onDone } = options
  const clusters = useClusters()
  const dialogs = useDialogs()

  const count = (): string => countText(kind(), chosen.value)
  function place(): string {
    const [namespace, ...others] = new Set(chosen.value.map(({ metadata }) => metadata.namespace))
    return placeText(
      clusters.labelOf(context()),
      others.length > 0 ? t('lists.namespaces', { n: others.length + 1 }) : namespace,
    )
  }
  const kubectl = (does: KubectlVerb): string =>
    kubectlCommand({
      context: clusters.contexts.find(({ id }) => id === context())?.name,
      resource: kind().resource,
      objects: chosen.value.map(({ metadata }) => metadata),
      does,
    })
  /** One object of each namespace stands for its neighbours. */
  function reasonOf(action: string): string | undefined {
    const one = new Map(chosen.value.map((object) => [object.metadata.namespace, object]))
    for (const object of one.values()) {
      const reason = actions.offered(object).find(({ action: { id } }) => id === action)?.reason
      if (reason !== undefined) return reason
    }
    return undefined
  }

  /** The objects as they are now: the list goes on while the dialog is open. */
  const common = (close: () => void) => ({
    place: place(),
    objects: [...chosen.value],
    onClose: close,
    onFinished: onDone,
  })
  function remove(): void {
    const { resource } = kind()
    const what = count()
    dialogs.show((close) =>
      h(BulkDialog, {
        ...common(close),
        title: t('lists.bulk.deleteTitle', { what }),
        verb: t('lists.bulk.deleteVerb', { what, place: place() }),
        warning: isFarReaching(kind()) ? t('lists.bulk.dataLost') : undefined,
        typed: isFarReaching(kind()) ? typedFor(chosen.value, what) : undefined,
        danger: true,
        ready: true,
        kubectl: kubectl({ verb: 'delete' }),
        act: (object: Stored) => actions.cluster.remove(resource, object),
        done: t('lists.bulk.deleted', { what }),
      }),
    )
  }
  function restart(): void {
    const { resource } = kind()
    const what = count()
    dialogs.show((close) =>
      h(BulkDialog, {
        ...common(close),
        title: t('lists.bulk.restartTitle', { what }),
        verb: t('lists.bulk.restartVerb', { what, place: place() }),
        ready: true,
        kubectl: kubectl({ verb: 'restart' }),
        act: (object: Stored) => actions.cluster.restart(resource, object),
        done: t('lists.bulk.restarted', { what }),
      }),
    )
  }
  function scale(): void {
    const { resource } = kind()
    const what = count()
    dialogs.show((close) =>
      h(BulkScaleDialog, {
        ...common(close),
        title: t('lists.bulk.scaleTitle', { what }),
        count: what,
        kubectlFor: (replicas: number) => kubectl({ verb: 'scale', replicas }),
        scale: (object: Stored, replicas: number) => actions.cluster.scale(resource, object, replicas),
      }),
    )
  }
  function label(): void {
    const { resource } = kind()
    const what = count()
    dialogs.show((close) =>
      h(BulkLabelDialog, {
        ...common(close),
        title: t('lists.bulk.labelTitle', { what }),
        count: what,
        kubectlFor: (labels: Record<string, string | null>) => kubectl({ verb: 'label', labels }),
        label: (object: Stored, labels: Record<string, string | null>) =>
          actions.cluster.label(resource, object, labels),
      }),
    )
  }

  const has = (id: string): boolean => kind().actions?.some((action) => action.id === id) ?? false
  return {
    count,
    place,
    remove,
    label,
    offered: (): BulkAction[] => [
      ...(has('restart')
        ? [{ id: 'restart' as const, label: t('lists.bulk.restart'), reason: reasonOf('restart'), run: restart }]
        : []),
      ...(has('scale')
        ? [{ id: 'scale' as const, label: t('lists.bulk.scale'), reason: reasonOf('scale'), run: scale }]
        : []),
      { id: 'label', label: t('lists.bulk.label'), reason: undefined, run: label },
      {
        id: 'delete',
        label: t('lists.bulk.delete', { what: count() }),
        danger: true,
        reason: reasonOf('delete'),
        run: remove,
      },
    ],
  }
}

/** The name of the only object, else how many there are of what: `3 Namespaces`. */
const typedFor = ([only, ...others]: readonly Stored[], what: string): string =>
  only && others.length === 0 ? only.metadata.name : what
