import { reactive } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import { useApi } from '../api/index.ts'
import { useAccess } from '../composables/useAccess.ts'
import { useActions, type ClusterActions } from '../composables/useActions.ts'
import { placeText } from '../composables/target.ts'
import { kubectlCommand, type KubectlVerb } from '../kinds/actions/kubectl-command.ts'
import { actionsOf } from '../kinds/actions/index.ts'
import type { Action } from '../kinds/actions/action.ts'
import type { KindDescriptor } from '../kinds/descriptor.ts'
import { useClusters } from '../stores/clusters.ts'
import { useDialogs } from '../stores/dialogs.ts'
import { useDock } from '../stores/dock.ts'
import { useForwards } from '../stores/forwards.ts'
import { useNotices } from '../stores/notices.ts'
import { useSettings } from '../stores/settings.ts'
import { useYours } from '../stores/yours.ts'
import { t } from '../texts/index.ts'

/** One action as an object's page offers it. */
export interface OfferedAction {
  action: Action
  label: string
  /** `web in dev / shop` */
  target: string
  /** Why it cannot be done; unset when it can. */
  reason?: string | undefined
  /** What it is doing right now. */
  busy?: string | undefined
}

export interface KindActions {
  context(): string
  cluster: ClusterActions
  placeOf(object: Stored): string
  /** The kubectl command that does it to an object. */
  kubectl(object: Stored, does: KubectlVerb): string
  /** The buttons of an object, in order. */
  offered(object: Stored): OfferedAction[]
  /** Why nothing can be changed in the context; unset where it is not locked. */
  lock(): string | undefined
  /** Runs an action; what it throws is told in a notice. @param chosen what is chosen already in its dialog */
  run(action: Action, object: Stored, chosen?: number): Promise<void>
  /** Runs the action of this id, if the object's kind has it; says why where it cannot be done. */
  runId(id: string, object: Stored, chosen?: number): void
  /** Runs the action that has this key, if the object's kind has one; says why where it cannot be done. */
  runKey(key: string, object: Stored): void
}

/** The actions of a kind's objects, with all that they work with. */
export function useKindActions(context: () => string, kind: () => KindDescriptor): KindActions {
  const api = useApi()
  const clusters = useClusters()
  const dialogs = useDialogs()
  const dock = useDock()
  const forwards = useForwards()
  const notices = useNotices()
  const settings = useSettings()
  const yours = useYours()
  const access = useAccess(context, () => kind().resource)
  const cluster = useActions(() => api.cluster(context()).client)
  const running = reactive(new Map<string, string>())

  const placeOf = ({ metadata }: Stored): string => placeText(clusters.labelOf(context()), metadata.namespace)
  const kubectl = (object: Stored, does: KubectlVerb): string =>
    kubectlCommand({
      context: clusters.contexts.find(({ id }) => id === context())?.name,
      resource: kind().resource,
      objects: [object.metadata],
      does,
    })
  const isOnMachine = (): boolean => {
    const info = clusters.contexts.find(({ id }) => id === context())
    return info?.kind === 'local' && !info.simulated
  }
  const locked = (): boolean => settings.settings.readOnly[context()] === true
  const lockedText = (): string => t('shell.readOnlyReason', { name: clusters.labelOf(context()) })
  const keyOf = ({ id }: Action, { metadata }: Stored): string => `${id} ${metadata.uid}`

  function offered(object: Stored): OfferedAction[] {
    const target = `${object.metadata.name} in ${placeOf(object)}`
    const all = actionsOf(kind(), object, yours.inForce).filter(({ onMachine }) => !onMachine || isOnMachine())
    return all.map((action) => {
      const enabled = action.reads || !locked() ? (action.enabled?.(object, access) ?? true) : lockedText()
      return {
        action,
        label: action.labelOf?.(object) ?? action.label,
        target,
        reason: enabled === true ? undefined : enabled,
        busy: running.get(keyOf(action, object)),
      }
    })
  }

  async function run(action: Action, object: Stored, chosen?: number): Promise<void> {
    const key = keyOf(action, object)
    if (running.has(key)) return
    running.set(key, '')
    try {
      await action.run(object, {
        context: context(),
        kind: kind(),
        placeOf,
        colour: settings.colourOf(context()),
        kubectl,
        cluster,
        dock,
        dialogs,
        forwards,
        back: api.back,
        chosen,
        say: notices.say,
        progress: (text) => running.set(key, text),
      })
    } catch (error) {
      notices.fail(error)
    } finally {
      running.delete(key)
    }
  }

  function runFirst(object: Stored, wanted: (action: Action) => boolean, chosen?: number): void {
    const found = offered(object).find(({ action }) => wanted(action))
    if (!found) return
    if (found.reason === undefined) void run(found.action, object, chosen)
    else notices.fail(found.reason)
  }
  return {
    context,
    cluster,
    placeOf,
    kubectl,
    offered,
    lock: () => (locked() ? lockedText() : undefined),
    run,
    runId: (id, object, chosen) => runFirst(object, (action) => action.id === id, chosen),
    runKey: (key, object) => runFirst(object, (action) => action.key === key),
  }
}
