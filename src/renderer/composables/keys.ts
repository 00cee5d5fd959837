/** `Ctrl+D` as it is printed on keys: `Ctrl D`, on macOS `⌘D`; a sequence stays `g p`. */
export function keysText(keys: string, platform: string = navigator.platform): string {
  const isMac = platform.startsWith('Mac')
  return keys
    .split(' ')
    .map((stroke) => stroke.replace(/\+/g, isMac ? '' : ' ').replace('Ctrl', isMac ? '⌘' : 'Ctrl'))
    .map((stroke) => stroke.replace('ArrowDown', '↓').replace('ArrowUp', '↑'))
    .join(' ')
}
