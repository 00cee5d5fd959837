import type { BrowserWindow } from 'electron'
import { join } from 'node:path'
import type { ShellRequest } from '#shared/contract/app.ts'
import type { WindowRequests } from './requests.ts'
import { createWindow } from './window.ts'
import { readWindowStates, writeWindowStates, type WindowState } from './window-state.ts'

/** The windows of the app. */
export interface Windows {
  /** Opens the windows of the last end, or one. */
  restore(): Promise<void>
  /** Opens a further one. */
  open(): void
  /** Brings the one that was used last to the front, or opens one. */
  show(): BrowserWindow
  /** Asks something of the page of that window. */
  ask(request: ShellRequest): void
  all(): readonly BrowserWindow[]
}

/** Time without a change after which the windows' places are written, ms. */
const pause = 400

/** @param options `home`: the data folder, which keeps their places and addresses */
export function createWindows({
  root,
  home,
  requests,
}: {
  root: string
  home: string
  requests: WindowRequests
}): Windows {
  const file = join(home, 'windows.json')
  /** In the order of use, the last one at the end. */
  const windows = new Map<BrowserWindow, WindowState | undefined>()
  /** Of the window that was closed last, which comes back when there is none. */
  let lastClosed: WindowState | undefined
  const save = afterPause(() => {
    const open = [...windows.values()].filter((state) => state !== undefined)
    return writeWindowStates(file, open.length > 0 ? open : lastClosed ? [lastClosed] : [])
  })

  const open = (state?: WindowState): BrowserWindow => {
    const window = createWindow({ root, state })
    windows.set(window, state)
    const note = (address = windows.get(window)?.address ?? '/'): void => {
      windows.set(window, { bounds: window.getNormalBounds(), maximised: window.isMaximized(), address })
      save()
    }
    for (const event of ['resize', 'move', 'maximize', 'unmaximize'] as const)
      window.on(event as 'resize', () => note())
    window.webContents.on('did-navigate-in-page', (_event, url) => note(new URL(url).hash.slice(1) || '/'))
    window.on('focus', () => {
      const kept = windows.get(window)
      windows.delete(window)
      windows.set(window, kept)
    })
    window.on('closed', () => {
      lastClosed = windows.get(window) ?? lastClosed
      windows.delete(window)
      save()
    })
    return window
  }

  const show = (): BrowserWindow => {
    const window = [...windows.keys()].at(-1) ?? open(lastClosed)
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
    return window
  }

  return {
    async restore() {
      const states = await readWindowStates(file)
      for (const state of states) open(state)
      if (states.length === 0) open()
    },
    open: () => void open(),
    show,
    ask: (request) => requests.send(show().webContents.id, request),
    all: () => [...windows.keys()],
  }
}

/** Places are a convenience: one that cannot be written is not worth a word. */
function afterPause(write: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    clearTimeout(timer)
    timer = setTimeout(() => void write().catch(() => undefined), pause)
  }
}
