import { t } from '../texts/index.ts'

/**
 * `Ctrl+D` as it is printed on the user's keys: `Ctrl D`, in German `Strg D`, on macOS `⌘D`; a sequence stays `g p`.
 */
export function keysText(keys: string, platform: string = navigator.platform): string {
  const isMac = platform.startsWith('Mac')
  const named: Record<string, string> = {
    Ctrl: isMac ? '⌘' : t('shortcuts.keyNames.ctrl'),
    Shift: isMac ? '⇧' : t('shortcuts.keyNames.shift'),
    Enter: t('shortcuts.keyNames.enter'),
    Space: t('shortcuts.keyNames.space'),
    ArrowDown: '↓',
    ArrowUp: '↑',
  }
  const strokeText = (stroke: string): string =>
    stroke
      .split('+')
      .map((key) => named[key] ?? key)
      .join(isMac ? '' : ' ')
  return keys.split(' ').map(strokeText).join(' ')
}
