import { PanelRight, SquareArrowOutUpRight, Tag } from '@lucide/vue'
import type { Stored } from '#shared/kube/object.ts'
import type { MenuEntry, MenuItem } from '../../components/menu.ts'
import { visibleText } from '../../components/visible-text.ts'
import type { KindDescriptor } from '../../kinds/descriptor.ts'
import { t } from '../../texts/index.ts'
import type { KindActions } from '../useKindActions.ts'
import { useObjectMenu } from '../useObjectMenu.ts'

/** Everything that can be done to one row. */
export function useRowMenu(options: {
  kind: () => KindDescriptor
  actions: KindActions
  openPage(object: Stored): void
  openDrawer(object: Stored): void
  label(object: Stored): void
}) {
  const { kind, actions, openPage, openDrawer, label } = options
  const copies = useObjectMenu({ kind, actions: () => actions })

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
      ...copies(object),
      ...(dangerous.length > 0 ? ['line' as const, ...dangerous] : []),
    ]
  }
  return { entriesOf }
}
