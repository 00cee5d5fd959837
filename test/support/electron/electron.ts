import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from '@playwright/test'

/**
 * A stand-in for the `electron` module where its binary cannot be had: it boots the *built* main bundle in this Node
 * and opens the built face in Chromium, through the same preload bundle, ports, protocol handler and window settings.
 * What it cannot show: Chromium's own enforcement of sandbox and contextIsolation; there it records what was asked for.
 */
export interface StandIn {
  browser: Browser
  windows: BrowserWindow[]
  menu: MenuItem[]
  trays: Tray[]
  /** Every channel that the app has made; `port1` is the end that it keeps. */
  channels: MessageChannelMain[]
  notifications: Notification[]
  /** Schemes that the app wants to open. */
  schemes: string[]
  /** What was told in a box of the system. */
  errors: string[]
  /** Files that the user chooses in the dialog of the system. */
  chosenFiles: string[]
  permissions: {
    request?: (contents: unknown, permission: string, decide: (allowed: boolean) => void) => void
    check?: (contents: unknown, permission: string) => boolean
  }
  openedOutside: string[]
  /** Resolves with the exit code when the app has quit. */
  exited: Promise<number>
}

/** Chromium knows no `app:` scheme: the face is shown at this origin, and its requests go to the `app:` handler. */
export const shownOrigin = 'http://slipway.test'

let browserOfTest: Browser | undefined
const { promise: exited, resolve: resolveExited } = Promise.withResolvers<number>()
export const standIn: StandIn = {
  get browser() {
    if (!browserOfTest) throw new Error('give the stand-in a browser first')
    return browserOfTest
  },
  set browser(browser) {
    browserOfTest = browser
  },
  windows: [],
  menu: [],
  trays: [],
  channels: [],
  notifications: [],
  schemes: [],
  errors: [],
  chosenFiles: [],
  permissions: {},
  openedOutside: [],
  exited,
}

class App extends EventEmitter {
  readonly #ready = Promise.withResolvers<undefined>()
  quitting = false

  requestSingleInstanceLock(): boolean {
    return true
  }
  whenReady(): Promise<unknown> {
    return this.#ready.promise
  }
  becomeReady(): void {
    this.#ready.resolve(undefined)
  }
  readonly isPackaged = false
  getPath(name: string): string {
    return `/stand-in/${name}`
  }
  getAppPath(): string {
    return '/stand-in/app'
  }
  setAsDefaultProtocolClient(scheme: string): boolean {
    standIn.schemes.push(scheme)
    return true
  }
  setLoginItemSettings(): void {}
  getPreferredSystemLanguages(): string[] {
    return ['en-US']
  }
  getVersion(): string {
    return '0.0.0'
  }
  quit(): void {
    let prevented = false
    this.emit('before-quit', { preventDefault: () => (prevented = true) })
    if (!prevented) this.exit(0)
  }
  exit(code = 0): void {
    resolveExited(code)
  }
}
export const app = new App()

type Handler = (request: Request) => Response | Promise<Response>
const schemes = new Map<string, { privileges?: Record<string, boolean>; handler?: Handler }>()
export const protocol = {
  registerSchemesAsPrivileged(list: { scheme: string; privileges: Record<string, boolean> }[]): void {
    for (const { scheme, privileges } of list) schemes.set(scheme, { privileges })
  },
  handle(scheme: string, handler: Handler): void {
    schemes.set(scheme, { ...schemes.get(scheme), handler })
  },
}
/** Asks the app's own protocol handler, as Electron does for a page's request. */
export async function askProtocol(url: string, method = 'GET'): Promise<Response> {
  const handler = schemes.get('app')?.handler
  if (!handler) throw new Error('the app registered no handler for app:')
  return handler(new Request(url, { method }))
}

class PortMain extends EventEmitter {
  other?: PortMain
  readonly #waiting: unknown[] = []
  #started = false
  closed = false

  postMessage(data: unknown): void {
    if (!this.closed) this.other?.receive(data)
  }
  receive(data: unknown): void {
    if (this.#started) queueMicrotask(() => this.emit('message', { data, ports: [] }))
    else this.#waiting.push(data)
  }
  start(): void {
    this.#started = true
    for (const data of this.#waiting.splice(0)) this.emit('message', { data, ports: [] })
  }
  close(): void {
    if (this.closed) return
    this.closed = true
    this.emit('close')
    this.other?.close()
  }
}
export class MessageChannelMain {
  readonly port1 = new PortMain()
  readonly port2 = new PortMain()
  constructor() {
    standIn.channels.push(this)
    this.port1.other = this.port2
    this.port2.other = this.port1
  }
}

export const ipcMain = new EventEmitter()

let nextContents = 1
class WebContents extends EventEmitter {
  readonly id = nextContents++
  page?: Page
  context?: BrowserContext
  openHandler?: (details: { url: string }) => { action: string }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler
  }
  send(): void {
    // Nothing of the face listens to plain messages: everything goes over the port.
  }
  /** What Electron would ask before leaving the page. @returns whether the app allows it */
  asksToNavigate(
    url: string,
    event: 'will-navigate' | 'will-redirect' | 'will-frame-navigate' = 'will-navigate',
  ): boolean {
    let prevented = false
    this.emit('did-start-navigation', { url, isSameDocument: false, isMainFrame: true }, url, false, true)
    this.emit(event, { url, preventDefault: () => (prevented = true) }, url)
    return !prevented
  }
}

interface Bounds {
  x: number
  y: number
  width: number
  height: number
}

export class BrowserWindow extends EventEmitter {
  readonly options: Partial<Bounds> & { webPreferences: Record<string, unknown> & { preload: string } }
  readonly webContents = new WebContents()
  readonly loaded: Promise<Page>
  readonly #load = Promise.withResolvers<Page>()
  destroyed = false
  visible = false
  focused = 0
  bounds: Bounds
  maximised = false

  constructor(options: BrowserWindow['options']) {
    super()
    this.options = options
    this.bounds = { x: 0, y: 0, width: 800, height: 600, ...options }
    this.loaded = this.#load.promise
    // Whoever waits for it is told; a start without a browser has nobody who does.
    this.loaded.catch(() => undefined)
    standIn.windows.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  loadURL(url: string): Promise<void> {
    return openPage(this, url).then(
      (page) => {
        this.emit('ready-to-show')
        this.#load.resolve(page)
      },
      (error: unknown) => this.#load.reject(error),
    )
  }
  show(): void {
    this.visible = true
  }
  focus(): void {
    this.focused = performance.now()
    this.emit('focus')
  }
  restore(): void {}
  maximize(): void {
    this.maximised = true
    this.emit('maximize')
  }
  isMaximized(): boolean {
    return this.maximised
  }
  getNormalBounds(): Bounds {
    const { x, y, width, height } = this.bounds
    return { x, y, width, height }
  }
  /** As a user moves or resizes it. */
  setBounds(bounds: Bounds): void {
    this.bounds = bounds
    this.emit('resize')
  }
  /** As a user closes it. */
  async close(): Promise<void> {
    this.destroyed = true
    await this.webContents.context?.close()
    this.webContents.emit('destroyed')
    this.emit('closed')
  }
  isMinimized(): boolean {
    return false
  }
  isDestroyed(): boolean {
    return this.destroyed
  }
}

/** Data on a port is a string or bytes; the binding between page and Node carries JSON. */
type Wire = string | { bytes: string }
const toWire = (data: unknown): Wire =>
  typeof data === 'string' ? data : { bytes: Buffer.from(data as Uint8Array).toString('base64') }
const fromWire = (wire: Wire): string | Uint8Array =>
  typeof wire === 'string' ? wire : new Uint8Array(Buffer.from(wire.bytes, 'base64'))

async function openPage(window: BrowserWindow, url: string): Promise<Page> {
  const context = await standIn.browser.newContext({ viewport: { width: 1360, height: 860 } })
  const page = await context.newPage()
  window.webContents.context = context
  window.webContents.page = page
  await page.route(`${shownOrigin}/**`, async (route) => {
    const response = await askProtocol(
      route.request().url().replace(shownOrigin, 'app://slipway'),
      route.request().method(),
    )
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    })
  })
  await page.exposeBinding('__standInSend', ({ frame }, channel: string) => {
    const senderFrame = {
      url: frame.url().replace(shownOrigin, 'app://slipway'),
      parent: frame.parentFrame(),
      postMessage: (name: string, message: unknown, ports: PortMain[]) => void passPorts(page, name, message, ports),
    }
    ipcMain.emit(channel, { sender: window.webContents, senderFrame })
  })
  await page.exposeBinding('__standInPort', (_source, id: number, wire: Wire) =>
    portsOfPages.get(id)?.postMessage(fromWire(wire)),
  )
  await emitNavigations(window.webContents, context, page)
  const preload = readFileSync(window.options.webPreferences.preload, 'utf8')
  await page.addInitScript({ content: preloadInPage(preload) })
  await page.goto(url.replace('app://slipway', shownOrigin))
  return page
}

/**
 * Emits what Electron documents for navigations: `did-start-navigation` for all, with what kind it is; then
 * `did-navigate-in-page` where the document stays, or `did-frame-navigate` and, of the main frame, `did-navigate`.
 */
async function emitNavigations(contents: WebContents, context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page)
  await session.send('Page.enable')
  const { frameTree } = await session.send('Page.getFrameTree')
  const shownUrl = (url: string): string => url.replace(shownOrigin, 'app://slipway')
  const start = (url: string, isSameDocument: boolean, isMainFrame: boolean): void =>
    void contents.emit('did-start-navigation', { url, isSameDocument, isMainFrame }, url, isSameDocument, isMainFrame)
  session.on('Page.navigatedWithinDocument', ({ frameId, url }) => {
    const isMainFrame = frameId === frameTree.frame.id
    start(shownUrl(url), true, isMainFrame)
    contents.emit('did-navigate-in-page', {}, shownUrl(url), isMainFrame)
  })
  session.on('Page.frameNavigated', ({ frame }) => {
    const isMainFrame = frame.parentId === undefined
    const url = shownUrl(frame.url)
    start(url, false, isMainFrame)
    contents.emit('did-frame-navigate', {}, url, 200, '', isMainFrame)
    if (isMainFrame) contents.emit('did-navigate', {}, url, 200, '')
  })
}

const portsOfPages = new Map<number, PortMain>()
let nextPort = 1

async function passPorts(page: Page, channel: string, message: unknown, ports: PortMain[]): Promise<void> {
  const ids = ports.map((port) => {
    const id = nextPort++
    portsOfPages.set(id, port)
    return id
  })
  await page.evaluate(
    ({ channel: name, message: data, ids: handles }) =>
      (window as unknown as { __standInReceive(...args: unknown[]): void }).__standInReceive(name, data, handles),
    { channel, message, ids },
  )
  // Messages go one after the other, as on a real port.
  let chain = Promise.resolve()
  for (const [index, port] of ports.entries()) {
    const id = ids[index]
    port.on('message', ({ data }: { data: unknown }) => {
      const wire = toWire(data)
      chain = chain
        .then(() =>
          page.evaluate(
            ([handle, text]) =>
              (window as unknown as { __standInDeliver(...args: unknown[]): void }).__standInDeliver(handle, text),
            [id, wire] as const,
          ),
        )
        .catch(() => undefined)
    })
    port.start()
  }
}

/** The preload bundle as the page runs it: with the one module that a sandboxed preload may require. */
function preloadInPage(code: string): string {
  return `(() => {
    if (window !== window.top) return
    const listeners = new Map(), ports = new Map()
    const bytes = (wire) => typeof wire === 'string' ? wire : Uint8Array.from(atob(wire.bytes), (c) => c.charCodeAt(0))
    const text = (data) => typeof data === 'string' ? data : { bytes: btoa(String.fromCharCode(...new Uint8Array(data))) }
    const electron = {
      ipcRenderer: {
        send: (channel) => void window.__standInSend(channel),
        on: (channel, listener) => listeners.set(channel, listener),
      },
    }
    window.__standInReceive = (channel, message, ids) => {
      const passed = ids.map((id) => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = ({ data }) => void window.__standInPort(id, text(data))
        ports.set(id, port1)
        return port2
      })
      listeners.get(channel)?.({ ports: passed }, message)
    }
    window.__standInDeliver = (id, wire) => ports.get(id)?.postMessage(bytes(wire))
    const require = (name) => { if (name === 'electron') return electron; throw new Error('a sandboxed preload cannot require ' + name) }
    const module = { exports: {} }
    ;((exports, require, module) => {\n${code}\n})(module.exports, require, module)
  })()`
}

export interface MenuItem {
  label?: string
  role?: string
  type?: string
  enabled?: boolean
  accelerator?: string
  click?: () => void
  submenu?: MenuItem[]
}
export const Menu = {
  buildFromTemplate: (template: MenuItem[]): MenuItem[] => template,
  setApplicationMenu(menu: MenuItem[]): void {
    standIn.menu = menu
  },
}
export class Tray extends EventEmitter {
  tooltip = ''
  menu: MenuItem[] = []
  image: { path: string }
  constructor(image: { path: string }) {
    super()
    this.image = image
    standIn.trays.push(this)
  }
  setImage(image: { path: string }): void {
    this.image = image
  }
  setToolTip(text: string): void {
    this.tooltip = text
  }
  setContextMenu(menu: MenuItem[]): void {
    this.menu = menu
  }
}
export const nativeImage = { createFromPath: (path: string) => ({ path, empty: readFileSync(path).length === 0 }) }
export const nativeTheme = { shouldUseDarkColors: false }
export const dialog = {
  showErrorBox: (title: string, text: string) => void standIn.errors.push(`${title}: ${text}`),
  showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: standIn.chosenFiles }),
}
export class Notification extends EventEmitter {
  static isSupported = (): boolean => true
  readonly options: { title: string; body: string }
  constructor(options: { title: string; body: string }) {
    super()
    this.options = options
  }
  show(): void {
    standIn.notifications.push(this)
  }
}
/** One display, smaller than some windows that tests bring back. */
const display = { id: 1, workArea: { x: 0, y: 0, width: 1600, height: 1000 } }
export const screen = { getPrimaryDisplay: () => display, getAllDisplays: () => [display] }
export const powerMonitor = new EventEmitter()
export const shell = {
  openExternal(url: string): Promise<void> {
    standIn.openedOutside.push(url)
    return Promise.resolve()
  },
}
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: NonNullable<StandIn['permissions']['request']>) =>
      (standIn.permissions.request = handler),
    setPermissionCheckHandler: (handler: NonNullable<StandIn['permissions']['check']>) =>
      (standIn.permissions.check = handler),
  },
}
export const safeStorage = {
  isEncryptionAvailable: () => false,
  getSelectedStorageBackend: () => 'basic_text',
}
export default {
  app,
  protocol,
  ipcMain,
  BrowserWindow,
  MessageChannelMain,
  Menu,
  Tray,
  nativeImage,
  nativeTheme,
  Notification,
  screen,
  dialog,
  powerMonitor,
  shell,
  session,
  safeStorage,
}
