import { ArrowRightToLine, Copy, History, SquareTerminal } from '@lucide/vue'
import { h } from 'vue'
import { useRouter } from 'vue-router'
import { withType } from '#shared/client/kube-client.ts'
import type { Stored } from '#shared/kube/object.ts'
import type { MenuItem } from '../components/menu.ts'
import type { KindDescriptor } from '../kinds/descriptor.ts'
import { kindKey } from '../kinds/index.ts'
import { promoteRoute } from '../promote/link.ts'
import { useDialogs } from '../stores/dialogs.ts'
import { useNotices } from '../stores/notices.ts'
import { t } from '../texts/index.ts'
import KubectlDialog from './list/KubectlDialog.vue'
import type { KindActions } from './useKindActions.ts'

/** What can be had of an object: its name, its YAML, the kubectl commands that do what the page offers, and its versions. */
export function useObjectMenu(options: { kind: () => KindDescriptor; actions: () => KindActions }) {
  const { kind, actions } = options
  const router = useRouter()
  const dialogs = useDialogs()
  const notices = useNotices()

  const copy = (text: string): void =>
    void navigator.clipboard.writeText(text).then(() => notices.say(t('base.copied')), notices.fail)
  async function copyYaml(object: Stored): Promise<void> {
    const { yamlOf } = await import('../composables/object-yaml.ts')
    copy(yamlOf(withType(kind().resource, object)))
  }

  function showKubectl(object: Stored): void {
    const { offered, kubectl } = actions()
    const commands = [
      { title: t('lists.kubectl.get'), command: kubectl(object, { verb: 'get', output: 'yaml' }) },
      { title: t('lists.kubectl.describe'), command: kubectl(object, { verb: 'describe' }) },
      ...offered(object).flatMap(({ action, label: title }) => {
        const does = action.kubectl?.(object)
        return does ? [{ title, command: kubectl(object, does) }] : []
      }),
    ]
    dialogs.show((close) => h(KubectlDialog, { name: object.metadata.name, commands, onClose: close, onCopy: copy }))
  }

  function showHistory({ metadata: { namespace = '-', name } }: Stored): void {
    const params = { context: actions().context(), plural: kindKey(kind().resource), namespace, name }
    void router.push({ name: 'object-history', params })
  }

  function promoteItems(object: Stored): MenuItem[] {
    const to = promoteRoute(actions().context(), kind().resource, [object])
    const label = t('pages.promote', { name: object.metadata.name })
    return to ? [{ label, icon: ArrowRightToLine, run: () => void router.push(to) }] : []
  }

  return (object: Stored): MenuItem[] => [
    { label: t('lists.menu.copyName'), icon: Copy, run: () => copy(object.metadata.name) },
    { label: t('lists.menu.copyYaml'), icon: Copy, run: () => void copyYaml(object).catch(notices.fail) },
    { label: t('lists.menu.kubectl'), icon: SquareTerminal, run: () => showKubectl(object) },
    { label: t('shell.pages.timeMachine'), icon: History, run: () => showHistory(object) },
    ...promoteItems(object),
  ]
}
