import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { hasElectron, launchDesktop, type Desktop } from '../support/electron/launch.ts'
import { newDataFolder } from '../support/slipway.ts'

/**
 * The built desktop app: in real Electron where its binary and a display are, else with the stand-in for the `electron`
 * module, which runs the same main and preload bundles. Tests of the stand-in's records are registered only there.
 */
test.describe.configure({ mode: 'serial' })

let home: string
let desktop: Desktop

test.beforeAll(async ({ browser }) => {
  home = await newDataFolder()
  process.env.XDG_CONFIG_HOME = join(home, 'config')
  // As the last end has left it, on a display that is gone since.
  const bounds = { x: 5_000, y: 0, width: 1_360, height: 860 }
  await writeFile(join(home, 'windows.json'), JSON.stringify([{ bounds, maximised: true, address: '/' }]))
  desktop = await launchDesktop({ browser, home })
})
test.afterAll(async () => {
  await desktop?.close()
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

test('shows the face, which reaches the back over its MessagePort', async () => {
  const { page } = desktop
  await expect(page.getByRole('heading', { name: 'Clusters' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Create cluster' })).toBeVisible()
  await expect(page.getByRole('contentinfo')).toContainText('Docker')
})

test('a cluster of simulated workers can be made and looked into', async () => {
  const { page } = desktop
  await page.getByRole('button', { name: 'Create cluster' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create cluster' })
  await dialog.getByLabel('Name').fill('desk')
  await dialog.getByLabel(/Simulated workers/).check()
  await dialog.getByRole('button', { name: 'Create cluster' }).click()
  const cluster = page.getByRole('region', { name: 'Cluster desk' })
  await expect(cluster).toContainText('3 of 3 workers Ready')
  await cluster.getByRole('button', { name: 'Open' }).click()
  await page.getByRole('link', { name: 'Nodes', exact: true }).click()
  await expect(page.getByRole('table', { name: 'Nodes' }).getByRole('row')).toHaveCount(4)
})

test('the page has no way to Node, and no function of Electron', async () => {
  const found = await desktop.page.evaluate(() => ({
    require: typeof (globalThis as Record<string, unknown>).require,
    process: typeof (globalThis as Record<string, unknown>).process,
    electron: typeof (globalThis as Record<string, unknown>).electron,
  }))
  expect(found).toEqual({ require: 'undefined', process: 'undefined', electron: 'undefined' })
})

test('inline scripts and eval are blocked by the content security policy', async () => {
  const { page } = desktop
  const outcome = await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.injected = true'
    document.head.append(script)
    return (window as unknown as { injected?: boolean }).injected ?? false
  })
  expect(outcome).toBe(false)
  // From within the page itself, where the policy holds; evaluate() alone runs outside of it.
  const evaluated = await page.evaluate(
    () =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), {
          once: true,
        })
        const script = document.createElement('script')
        script.src = 'data:text/javascript,1'
        document.head.append(script)
      }),
  )
  expect(evaluated).toContain('script-src')
})

test('no credential is in the page', async () => {
  const text = await desktop.page.evaluate(
    () => document.documentElement.outerHTML + JSON.stringify(localStorage) + JSON.stringify(sessionStorage),
  )
  expect(text).not.toMatch(/PRIVATE KEY|client-key-data|BEGIN CERTIFICATE/)
})

// Real Electron enforces these itself.
if (!hasElectron)
  test.describe('as the stand-in sees it', () => {
    const records = () => {
      if (!desktop.standIn) throw new Error('no stand-in')
      return desktop.standIn
    }

    test('the window asks for every protection', () => {
      const [window] = records().standIn.windows
      expect(window?.options.webPreferences).toMatchObject({
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        sandbox: true,
        webSecurity: true,
        allowRunningInsecureContent: false,
        experimentalFeatures: false,
        webviewTag: false,
      })
    })

    const openPorts = () => records().standIn.channels.filter(({ port1 }) => !port1.closed)

    test('the port outlives a change of the view, and a navigation that is refused', async () => {
      const contents = records().standIn.windows[0]?.webContents
      const events: string[] = []
      contents?.on('did-navigate-in-page', () => events.push('in page'))
      await desktop.page.getByRole('link', { name: 'Pods', exact: true }).click()
      await desktop.page.getByRole('link', { name: 'Nodes', exact: true }).click()
      await expect.poll(() => events.length).toBeGreaterThan(0)
      expect(contents?.asksToNavigate('https://example.org/')).toBe(false)
      contents?.emit('did-start-navigation', { isSameDocument: false, isMainFrame: false }, 'about:blank', false, false)
      contents?.emit('did-frame-navigate', {}, 'about:blank', 200, '', false)
      expect(openPorts()).toHaveLength(1)
      await desktop.page.getByRole('button', { name: 'All clusters', exact: true }).click()
      await expect(desktop.page.getByRole('region', { name: 'Cluster desk' })).toContainText('3 of 3 workers Ready')
      await desktop.page.getByRole('button', { name: 'Settings', exact: true }).click()
      await desktop.page.getByRole('radio', { name: 'Dark' }).check()
      await expect
        .poll(() => desktop.page.evaluate(() => document.documentElement.dataset.theme), { timeout: 5_000 })
        .toBe('dark')
      await desktop.page.getByRole('button', { name: 'All clusters', exact: true }).click()
    })

    test('a new document gets a port of its own, and the old one closes', async () => {
      const [before] = openPorts()
      await desktop.page.reload()
      await expect(desktop.page.getByRole('region', { name: 'Cluster desk' })).toContainText('3 of 3 workers Ready')
      expect(before?.port1.closed).toBe(true)
      expect(openPorts()).toHaveLength(1)
    })

    for (const event of ['render-process-gone', 'destroyed'])
      test(`the port closes when the page is gone: ${event}`, async () => {
        const contents = records().standIn.windows[0]?.webContents
        contents?.emit(event, {})
        expect(openPorts()).toHaveLength(0)
        await desktop.page.reload()
        await expect(desktop.page.getByRole('region', { name: 'Cluster desk' })).toBeVisible()
        expect(openPorts()).toHaveLength(1)
      })

    test('a page that asks again gets the only port', async () => {
      const sender = records().standIn.windows[0]?.webContents
      const senderFrame = { url: 'app://slipway/', parent: null, postMessage: () => undefined }
      records().ipcMain.emit('slipway:port', { sender, senderFrame })
      expect(openPorts()).toHaveLength(1)
      await desktop.page.reload()
      await expect(desktop.page.getByRole('region', { name: 'Cluster desk' })).toBeVisible()
    })

    test('navigation is locked to the app', () => {
      const contents = records().standIn.windows[0]?.webContents
      for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const) {
        expect(contents?.asksToNavigate('app://slipway/', event)).toBe(true)
        for (const url of ['app://slipway.evil/', 'https://example.org/', 'file:///etc/passwd', 'javascript:alert(1)'])
          expect(contents?.asksToNavigate(url, event)).toBe(false)
      }
      let prevented = false
      contents?.emit('will-attach-webview', { preventDefault: () => (prevented = true) })
      expect(prevented).toBe(true)
    })

    test('new windows are denied, and only known sites leave for the browser', () => {
      const contents = records().standIn.windows[0]?.webContents
      for (const url of ['https://kubernetes.io/docs/', 'https://example.org/', 'file:///etc/passwd', 'smb://x/y'])
        expect(contents?.openHandler?.({ url })).toEqual({ action: 'deny' })
      expect(records().standIn.openedOutside).toEqual(['https://kubernetes.io/docs/'])
    })

    test('permissions are denied, but for the clipboard', () => {
      const { permissions } = records().standIn
      for (const name of ['geolocation', 'media', 'notifications', 'midi', 'fullscreen']) {
        expect(permissions.check?.(undefined, name)).toBe(false)
        let allowed = true
        permissions.request?.(undefined, name, (decision) => (allowed = decision))
        expect(allowed).toBe(false)
      }
      expect(permissions.check?.(undefined, 'clipboard-sanitized-write')).toBe(true)
    })

    test('the app scheme serves the face alone', async () => {
      const { askProtocol } = records()
      const page = await askProtocol('app://slipway/')
      expect(page.status).toBe(200)
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
      for (const url of [
        'app://slipway/../package.json',
        'app://slipway/..%2f..%2fpackage.json',
        'app://slipway/%2e%2e/main/index.js',
        'app://other/',
      ])
        expect((await askProtocol(url)).status).toBe(404)
      expect((await askProtocol('app://slipway/', 'POST')).status).toBe(404)
    })

    test('a foreign or framed page gets no port', () => {
      const { ipcMain } = records()
      let passed = 0
      const postMessage = (): number => ++passed
      ipcMain.emit('slipway:port', { senderFrame: { url: 'https://example.org/', parent: null, postMessage } })
      ipcMain.emit('slipway:port', { senderFrame: { url: 'app://slipway/', parent: {}, postMessage } })
      ipcMain.emit('slipway:port', { senderFrame: null })
      expect(passed).toBe(0)
    })

    test('menu and tray command the face', async () => {
      const { standIn } = records()
      const file = standIn.menu.find(({ label }) => label === 'File')
      file?.submenu?.find(({ label }) => label === 'Settings…')?.click?.()
      await expect(desktop.page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible()
      await desktop.page.keyboard.press('Escape')
      expect(standIn.trays[0]?.tooltip).toBe('Slipway: 1 cluster runs')
    })

    test('a window comes back as it was, on a display that is there', () => {
      const [window] = records().standIn.windows
      expect(window?.options).toMatchObject({ width: 1_360, height: 860 })
      expect(window?.options.x).toBeUndefined()
      expect(window?.maximised).toBe(true)
    })

    const open = (...words: string[]): boolean => records().app.emit('second-instance', {}, ['slipway', ...words], home)
    const editor = () => desktop.page.getByRole('region', { name: 'Create objects' }).locator('.cm-content')

    test('links open a cluster, a kind and an object; others are told', async () => {
      const { page } = desktop
      const { standIn } = records()
      expect(standIn.schemes).toEqual(['slipway'])
      open('slipway://cluster/desk/deployments')
      await expect(page.getByRole('heading', { name: 'Deployments', level: 1 })).toBeVisible()
      records().app.emit('open-url', { preventDefault: () => undefined }, 'slipway://cluster/desk/nodes/desk-worker-2')
      await expect(page.getByRole('heading', { name: 'desk-worker-2', level: 1 })).toBeVisible()
      open('slipway://cluster/desk/pods/a/b/exec')
      await expect
        .poll(() => standIn.errors)
        .toEqual(['Slipway cannot open this link: slipway://cluster/desk/pods/a/b/exec'])
      await expect(page.getByRole('heading', { name: 'desk-worker-2', level: 1 })).toBeVisible()
    })

    test('manifests are opened in the editor: by the system, by the menu, and dropped on the window', async () => {
      const { page } = desktop
      const { app, standIn } = records()
      const manifest = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`
      for (const name of ['opened', 'chosen']) await writeFile(join(home, `${name}.yaml`), manifest(name))
      app.emit('open-file', { preventDefault: () => undefined }, join(home, 'opened.yaml'))
      // The first editor loads the cluster's schemas, which the stand-in's port carries slowly.
      await expect(editor()).toContainText('name: opened', { timeout: 90_000 })

      standIn.chosenFiles = [join(home, 'chosen.yaml')]
      const file = standIn.menu.find(({ label }) => label === 'File')
      file?.submenu?.find(({ label }) => label === 'Open Manifests…')?.click?.()
      await expect(editor()).toContainText('name: chosen')

      const drop = (names: string[]): Promise<void> =>
        page.evaluate((all) => {
          const dataTransfer = new DataTransfer()
          for (const name of all)
            dataTransfer.items.add(new File([`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`], name))
          for (const type of ['dragover', 'drop'])
            document
              .querySelector('main')
              ?.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }))
        }, names)
      await drop(['first.yaml', 'second.yml'])
      await expect(editor()).toContainText('name: first.yaml')
      await expect(editor()).toContainText('name: second.yml')
      // What was in the editor comes back; changes that follow each other at once are undone together.
      await editor().press('ControlOrMeta+z')
      await expect(editor()).toContainText(/name: (opened|chosen)/)
      await drop(['picture.png'])
      await expect(page.getByText('Only YAML and JSON files are opened as manifests.')).toBeVisible()
      open('missing.yaml')
      await expect.poll(() => standIn.errors.at(-1)).toContain('ENOENT')
    })

    test('further windows have their own page, and the one used last gets commands', async () => {
      const { standIn } = records()
      const file = standIn.menu.find(({ label }) => label === 'File')
      file?.submenu?.find(({ label }) => label === 'New Window')?.click?.()
      await expect.poll(() => standIn.windows.length).toBe(2)
      const second = standIn.windows[1]
      const page = await second?.loaded
      if (!second || !page) throw new Error('no second window')
      await expect(page.getByRole('region', { name: 'Cluster desk' })).toBeVisible()
      second.focus()
      open('slipway://cluster/desk/services')
      await expect(page.getByRole('heading', { name: 'Services', level: 1 })).toBeVisible()
      await expect(desktop.page.getByRole('heading', { name: 'Services', level: 1 })).toHaveCount(0)
      second.setBounds({ x: 20, y: 30, width: 1_000, height: 700 })
      const kept = async () =>
        (JSON.parse(await readFile(join(home, 'windows.json'), 'utf8')) as { address: string; bounds: object }[]).map(
          ({ address }) => address,
        )
      await expect.poll(kept).toEqual(['/c/local:desk/nodes/-/desk-worker-2', '/c/local:desk/services'])
      await second.close()
      await expect.poll(kept).toEqual(['/c/local:desk/nodes/-/desk-worker-2'])
      standIn.windows[0]?.focus()
    })

    test('the tray shows the state, and starts and stops a cluster', async () => {
      const [tray] = records().standIn.trays
      const ofCluster = (action: string) =>
        tray?.menu.find(({ label }) => label?.startsWith('desk:'))?.submenu?.find(({ label }) => label === action)
      expect(tray?.image.path).toMatch(/tray-running\.png$/)
      expect(ofCluster('Start')?.enabled).toBe(false)
      ofCluster('Stop')?.click?.()
      await expect.poll(() => tray?.tooltip).toBe('Slipway: No cluster runs')
      expect(tray?.image.path).toMatch(/tray-idle\.png$/)
      await expect.poll(() => ofCluster('Start')?.enabled).toBe(true)
      ofCluster('Start')?.click?.()
      await expect.poll(() => tray?.tooltip).toBe('Slipway: 1 cluster runs')
      ofCluster('Open')?.click?.()
      await expect(desktop.page.getByRole('heading', { name: 'Pods', level: 1 })).toBeVisible()
    })

    test('what breaks is told while the user wants that; a click leads to it', async () => {
      const { page } = desktop
      const { standIn } = records()
      await page.getByRole('button', { name: 'All clusters', exact: true }).click()
      const kill = async (worker: string): Promise<void> => {
        await page.getByRole('button', { name: `Actions of ${worker}` }).click()
        await page.getByRole('menuitem', { name: 'Kill', exact: true }).click()
        await page
          .getByRole('dialog')
          .getByRole('button', { name: `Kill ${worker}` })
          .click()
      }
      await kill('desk-worker-1')
      await expect.poll(() => standIn.notifications.length).toBe(1)
      expect(standIn.notifications[0]?.options.title).toBe('desk: worker desk-worker-1 is lost')
      await expect.poll(() => standIn.trays[0]?.tooltip).toBe('Slipway: 1 cluster runs, desk has trouble')
      standIn.notifications[0]?.emit('click')
      await expect(page.getByRole('heading', { name: 'Pods', level: 1 })).toBeVisible()

      standIn.menu
        .find(({ label }) => label === 'File')
        ?.submenu?.find(({ label }) => label === 'Settings…')
        ?.click?.()
      const notifications = page.getByRole('switch', { name: 'Notifications' })
      await notifications.click()
      await expect(notifications).toHaveAttribute('aria-checked', 'false')
      await page.getByRole('button', { name: 'All clusters', exact: true }).click()
      await kill('desk-worker-2')
      await expect(page.getByRole('region', { name: 'Cluster desk' })).toContainText('1 of 3 workers Ready', {
        timeout: 90_000,
      })
      expect(standIn.notifications).toHaveLength(1)
    })

    test('the app starts when the user signs in, if that is wanted', async () => {
      const { page } = desktop
      records()
        .standIn.menu.find(({ label }) => label === 'File')
        ?.submenu?.find(({ label }) => label === 'Settings…')
        ?.click?.()
      const atLogin = page.getByRole('switch', { name: 'Start when I sign in' })
      const entry = (): Promise<string> =>
        readFile(join(home, 'config/autostart/slipway-desktop.desktop'), 'utf8').catch(() => '')
      await atLogin.click()
      await expect.poll(entry).toContain('Exec="/stand-in/exe" "/stand-in/app" "--hidden"')
      await atLogin.click()
      await expect.poll(entry).toBe('')
    })

    test('menu and tray speak the language that the window does', async () => {
      const { standIn } = records()
      const language = desktop.page.getByRole('combobox', { name: /^(Language|Sprache)$/ })
      await language.selectOption('de')
      await expect.poll(() => standIn.trays[0]?.tooltip).toMatch(/^Slipway: 1 Cluster läuft/)
      expect(standIn.menu[0]?.label).toBe('Datei')
      await language.selectOption('system')
      await expect.poll(() => standIn.menu[0]?.label).toBe('File')
    })

    test('quitting with a cluster running asks first', async () => {
      const { app } = records()
      app.quit()
      const dialog = desktop.page.getByRole('dialog', { name: 'Quit Slipway?' })
      await expect(dialog).toBeVisible()
      await dialog.getByRole('button', { name: 'Stop and quit' }).click()
      expect(await records().standIn.exited).toBe(0)
    })
  })
