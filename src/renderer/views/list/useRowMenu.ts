import { Copy, PanelRight, SquareArrowOutUpRight, SquareTerminal, Tag } from '@lucide/vue'
import { h } from 'vue'
import type { Stored } from '#shared/kube/object.ts'
import type { MenuEntry, MenuItem } from '../../components/menu.ts'
import { visibleText } from '../../components/visible-text.ts'
import { yamlOf } from '../../composables/object-yaml.ts'
import { kubectlCommand, type KubectlVerb } from '../../kinds/actions/kubectl-command.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { withType } from '#shared/client/kube-client.ts'
import { useClusters } from '../../stores/clusters.ts'
import { useDialogs } from '../../stores/dialogs.ts'
import { useNotices } from '../../stores/notices.ts'
import { t } from '../../texts/index.ts'
import type { KindActions } from '../useKindActions.ts'
import KubectlDialog from './KubectlDialog.vue'

/** Everything that can be done to one row. */
export function useRowMenu(options: {
  context: () => string
  kind: () => KindDescriptor
  actions: KindActions
  openPage(object: Stored): void
  openDrawer(object: Stored): void
  label(object: Stored): void
}) {
  const { context, kind, actions, openPage, openDrawer, label } = options
  const clusters = useClusters()
  const dialogs = useDialogs()
  const notices = useNotices()

  const copy = (text: string): void =>
    void navigator.clipboard.writeText(text).then(() => notices.say(t('base.copied')), notices.fail)
  const kubectl = (object: Stored, does: KubectlVerb): string =>
    kubectlCommand({
      context: clusters.contexts.find(({ id }) => id === context())?.name,
      resource: kind().resource,
      objects: [object.metadata],
      does,
    })

  function showKubectl(object: Stored): void {
    const offered = actions.offered(object).flatMap(({ action, label: title }) => {
      const does = verbsOf(action.id, object)
      return does ? [{ title, command: kubectl(object, does) }] : []
    })
    const commands = [
      { title: t('lists.kubectl.get'), command: kubectl(object, { verb: 'get', output: 'yaml' }) },
      { title: t('lists.kubectl.describe'), command: kubectl(object, { verb: 'describe' }) },
      ...offered,
    ]
    dialogs.show((close) => h(KubectlDialog, { name: object.metadata.name, commands, onClose: close, onCopy: copy }))
  }

  function entriesOf(object: Stored): MenuEntry[] {
    const offered = actions.offered(object).map(({ action, label: title, reason }): MenuItem => ({
      label: title,
      icon: action.icon,
      keys: action.key,
      danger: action.danger,
      reason,
      run: () => void actions.run(action, object),
    }))
    const dangerous = offered.filter(({ danger }) => danger)
    return [
      { heading: visibleText(object.metadata.name) },
      { label: t('lists.menu.page'), icon: SquareArrowOutUpRight, keys: 'Enter', run: () => openPage(object) },
      { label: t('lists.menu.drawer'), icon: PanelRight, keys: 'd', run: () => openDrawer(object) },
      'line',
      ...offered.filter(({ danger }) => !danger),
      { label: t('lists.bulk.label'), icon: Tag, run: () => label(object) },
      'line',
      { label: t('lists.menu.copyName'), icon: Copy, run: () => copy(object.metadata.name) },
      {
        label: t('lists.menu.copyYaml'),
        icon: Copy,
        run: () => copy(yamlOf(withType(kind().resource, object))),
      },
      { label: t('lists.menu.kubectl'), icon: SquareTerminal, run: () => showKubectl(object) },
      ...(dangerous.length > 0 ? ['line' as const, ...dangerous] : []),
    ]
  }
  return { entriesOf }
}

/** What kubectl calls an action of the page. */
function verbsOf(action: string, object: Stored): KubectlVerb | undefined {
  const { spec } = object as { spec?: { replicas?: number; unschedulable?: boolean } }
  const verbs: Record<string, KubectlVerb> = {
    logs: { verb: 'logs', follow: true },
    shell: { verb: 'exec', command: ['sh'] },
    edit: { verb: 'edit' },
    delete: { verb: 'delete' },
    restart: { verb: 'restart' },
    scale: { verb: 'scale', replicas: spec?.replicas ?? 1 },
    'roll-back': { verb: 'undo' },
    cordon: { verb: spec?.unschedulable ? 'uncordon' : 'cordon' },
    drain: { verb: 'drain' },
  }
  return verbs[action]
}
