import type { ITheme } from '@xterm/xterm'

/** The terminal in the colours of the page's theme. */
export function terminalTheme(): ITheme {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string): string => style.getPropertyValue(name).trim()
  const [ink, surface, quiet] = [of('--ink'), of('--surface'), of('--quiet')]
  return {
    background: surface,
    foreground: ink,
    cursor: ink,
    cursorAccent: surface,
    selectionBackground: of('--data-soft'),
    black: of('--ink'),
    brightBlack: quiet,
    red: of('--bad'),
    brightRed: of('--bad'),
    green: of('--good'),
    brightGreen: of('--good'),
    yellow: of('--warn'),
    brightYellow: of('--warn'),
    blue: of('--done'),
    brightBlue: of('--done'),
    magenta: of('--data-2'),
    brightMagenta: of('--data-2'),
    cyan: of('--c-key'),
    brightCyan: of('--accent'),
    white: of('--muted'),
    brightWhite: ink,
  }
}
