import { h, type ComputedRef } from 'vue'
import { useRouter } from 'vue-router'
import type { Stored } from '#shared/kube/object.ts'
import { kubectlCommand, type KubectlVerb } from '../../kinds/actions/kubectl-command.ts'
import { lossOf } from '../../kinds/actions/consequences.ts'
import { losesData } from '../../kinds/actions/data-loss.ts'
import { countText } from '../../kinds/actions/remove.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { promoteRoute } from '../../promote/link.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useDialogs } from '../../stores/dialogs.ts'
import { placeText } from '../../composables/target.ts'
import { t, type TextKey } from '../../texts/index.ts'
import type { KindActions } from '../useKindActions.ts'
import BulkDialog from './BulkDialog.vue'
import BulkLabelDialog from './BulkLabelDialog.vue'
import BulkScaleDialog from './BulkScaleDialog.vue'
import type { BulkFrame } from './bulk-frame.ts'

export interface BulkAction {
  id: 'restart' | 'scale' | 'label' | 'promote' | 'delete'
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
  const router = useRouter()

  const count = (): string => countText(kind(), chosen.value)
  function place(): string {
    const [namespace, ...others] = new Set(chosen.value.map(({ metadata }) => metadata.namespace))
    return placeText(
      clusters.labelOf(context()),
      others.length > 0 ? t('lists.namespaces', { n: others.length + 1 }) : namespace,
    )
  }
  const kubectlOf =
    (objects: readonly Stored[]) =>
    (does: KubectlVerb): string =>
      kubectlCommand({
        context: clusters.contexts.find(({ id }) => id === context())?.name,
        resource: kind().resource,
        objects: objects.map(({ metadata }) => metadata),
        does,
      })
  const kubectl = (does: KubectlVerb): string => kubectlOf(chosen.value)(does)
  /** One object of each namespace stands for its neighbours. */
  function reasonOf(action: string): string | undefined {
    const one = new Map(chosen.value.map((object) => [object.metadata.namespace, object]))
    for (const object of one.values()) {
      const reason = actions.offered(object).find(({ action: { id } }) => id === action)?.reason
      if (reason !== undefined) return reason
    }
    return undefined
  }

  /** The objects as they are when the dialog opens: the list goes on meanwhile, and may get others of the same names. */
  function frame(words: { title: TextKey; verb: TextKey }): BulkFrame {
    const what = count()
    return {
      title: t(words.title, { what }),
      place: place(),
      context: context(),
      verb: t(words.verb, { what, place: place() }),
      objects: [...chosen.value],
      count: what,
    }
  }
  function remove(): void {
    const deleted = kind()
    const { resource } = deleted
    const asked = frame({ title: 'lists.bulk.deleteTitle', verb: 'lists.bulk.deleteVerb' })
    const losing = chosen.value.filter((object) => losesData(kind(), object))
    const more = {
      warning: losing.length > 0 ? t('lists.bulk.dataLost') : undefined,
      typed: losing.length > 0 ? typedFor(chosen.value, asked.count) : undefined,
      kubectl: kubectl({ verb: 'delete' }),
    }
    dialogs.show((close) =>
      h(BulkDialog, {
        ...asked,
        ...more,
        onFinished: onDone,
        onClose: close,
        danger: true,
        ready: true,
        noteOf: (object: Stored) => lossOf(deleted, object),
        act: (object: Stored) => actions.cluster.remove(resource, object),
        done: t('lists.bulk.deleted', { what: asked.count }),
      }),
    )
  }
  function restart(): void {
    const { resource } = kind()
    const asked = frame({ title: 'lists.bulk.restartTitle', verb: 'lists.bulk.restartVerb' })
    const command = kubectl({ verb: 'restart' })
    dialogs.show((close) =>
      h(BulkDialog, {
        ...asked,
        kubectl: command,
        onFinished: onDone,
        onClose: close,
        ready: true,
        act: (object: Stored) => actions.cluster.restart(resource, object),
        done: t('lists.bulk.restarted', { what: asked.count }),
      }),
    )
  }
  function scale(): void {
    const { resource } = kind()
    const asked = frame({ title: 'lists.bulk.scaleTitle', verb: 'lists.bulk.scaleVerb' })
    const kubectlFor = kubectlOf(asked.objects)
    dialogs.show((close) =>
      h(BulkScaleDialog, {
        frame: asked,
        onFinished: onDone,
        onClose: close,
        kubectlFor: (replicas: number) => kubectlFor({ verb: 'scale', replicas }),
        scale: (object: Stored, replicas: number) => actions.cluster.scale(resource, object, replicas),
      }),
    )
  }
  function label(): void {
    const { resource } = kind()
    const asked = frame({ title: 'lists.bulk.labelTitle', verb: 'lists.bulk.labelVerb' })
    const kubectlFor = kubectlOf(asked.objects)
    dialogs.show((close) =>
      h(BulkLabelDialog, {
        frame: asked,
        onFinished: onDone,
        onClose: close,
        kubectlFor: (labels: Record<string, string | null>) => kubectlFor({ verb: 'label', labels }),
        label: (object: Stored, labels: Record<string, string | null>) =>
          actions.cluster.label(resource, object, labels),
      }),
    )
  }

  function promoteAction(): BulkAction[] {
    const to = promoteRoute(context(), kind().resource, chosen.value)
    return to
      ? [{ id: 'promote', label: t('shell.pages.promote'), reason: undefined, run: () => void router.push(to) }]
      : []
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
      { id: 'label', label: t('lists.bulk.label'), reason: actions.lock(), run: label },
      ...promoteAction(),
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
