import { contextColours } from '#shared/contract/context-colours.ts'
import type { MenuEntry } from '../../components/menu.ts'
import { useNotices } from '../../stores/notices.ts'
import { useSettings } from '../../stores/settings.ts'
import { t } from '../../texts/index.ts'

/** The colours of a context, one of which is chosen. */
export function useColourMenu(): (context: string) => MenuEntry[] {
  const settings = useSettings()
  const notices = useNotices()
  return (context) => [
    { heading: t('home.cluster.colour') },
    ...contextColours.map((colour) => ({
      label: t(`home.colours.${colour}`),
      checked: settings.colourOf(context) === colour,
      run: () =>
        void settings
          .save({ contextColours: { ...settings.settings.contextColours, [context]: colour } })
          .catch(notices.fail),
    })),
  ]
}
