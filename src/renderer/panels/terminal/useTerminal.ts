import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import type { Settings } from '#shared/contract/settings.ts'
import { terminalTheme } from './look.ts'
import { pendingPaste, withoutRunning, type PendingPaste } from './paste.ts'

export interface TerminalOptions {
  host: Ref<HTMLElement | undefined>
  settings(): Settings['terminal']
  name: string
  /** What is typed or pasted. */
  onInput(data: string): void
  onResize(size: { columns: number; rows: number }): void
  onSearch(): void
  /** Asks for another size of the letters. @param by px; 0 for the usual one */
  onFontSize(by: number): void
}

const isMac = navigator.userAgent.includes('Mac')

/** A terminal of xterm in the page's look, with its keys for copying and pasting and a question before newlines. */
export function useTerminal({ host, settings, name, onInput, onResize, onSearch, onFontSize }: TerminalOptions) {
  const paste = ref<PendingPaste>()
  const terminal = new Terminal({
    allowProposedApi: true,
    cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    fontFamily: "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    fontSize: settings().fontSize,
    lineHeight: 1.25,
    scrollback: 5_000,
    minimumContrastRatio: 4.5,
    screenReaderMode: settings().screenReader,
    theme: terminalTheme(),
  })
  const fit = new FitAddon()
  const finder = new SearchAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(finder)
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  terminal.loadAddon(
    new WebLinksAddon((_event, url) => url.startsWith('https://') && window.open(url, '_blank', 'noopener')),
  )
  // Programs in a pod may not write to the clipboard (OSC 52) or give links another text (OSC 8).
  for (const code of [8, 52]) terminal.parser.registerOscHandler(code, () => true)
  terminal.onData(onInput)

  /** Pastes a text; one with newlines waits until the user has chosen. */
  function offer(text: string): void {
    if (text === '') return
    const pending = settings().warnOnPaste ? pendingPaste(text) : undefined
    if (pending) paste.value = pending
    else terminal.paste(text)
  }
  function decide(choice: 'all' | 'held' | 'none'): void {
    const pending = paste.value
    paste.value = undefined
    if (pending && choice === 'all') terminal.paste(pending.text)
    else if (pending && choice === 'held') terminal.paste(withoutRunning(pending, terminal.modes.bracketedPasteMode))
    terminal.focus()
  }
  const copySelection = (): void => {
    if (terminal.hasSelection()) void navigator.clipboard.writeText(terminal.getSelection())
  }
  const pasteClipboard = (): void =>
    void navigator.clipboard.readText().then(offer, () => {
      // The browser has refused: its own paste still works.
    })

  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown' || event.altKey) return true
    const key = event.key.toLowerCase()
    const isOurs = isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && event.shiftKey
    const isZoom = isMac ? event.metaKey : event.ctrlKey
    if (isOurs && key === 'c') copySelection()
    else if (isOurs && key === 'v') pasteClipboard()
    else if (isOurs && key === 'f') onSearch()
    else if (isZoom && (key === '+' || key === '=')) onFontSize(1)
    else if (isZoom && (key === '-' || key === '_')) onFontSize(-1)
    else if (isZoom && key === '0') onFontSize(0)
    else return true
    event.preventDefault()
    return false
  })

  /** Before xterm, which would send the text at once. */
  function takePaste(event: ClipboardEvent): void {
    event.preventDefault()
    event.stopPropagation()
    offer(event.clipboardData?.getData('text/plain') ?? '')
  }
  /** Copies what is selected, and pastes where nothing is. */
  function rightClick(event: MouseEvent): void {
    event.preventDefault()
    if (!terminal.hasSelection()) pasteClipboard()
    else {
      copySelection()
      terminal.clearSelection()
    }
  }

  function refit(): void {
    if (!host.value?.offsetWidth || !host.value.offsetHeight) return
    fit.fit()
    onResize({ columns: terminal.cols, rows: terminal.rows })
  }
  const resizes = new ResizeObserver(refit)
  const themes = new MutationObserver(() => (terminal.options.theme = terminalTheme()))
  onMounted(() => {
    const box = host.value
    if (!box) return
    terminal.open(box)
    terminal.textarea?.setAttribute('aria-label', name)
    box.addEventListener('paste', takePaste, { capture: true })
    box.addEventListener('contextmenu', rightClick)
    resizes.observe(box)
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    terminal.focus()
  })
  onBeforeUnmount(() => {
    resizes.disconnect()
    themes.disconnect()
    terminal.dispose()
  })
  watch(
    () => settings().fontSize,
    (size) => {
      terminal.options.fontSize = size
      refit()
    },
  )
  watch(
    () => settings().screenReader,
    (on) => (terminal.options.screenReaderMode = on),
  )
  return { terminal, finder, paste, decide, refit }
}
