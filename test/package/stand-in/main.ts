import { mkdtempSync, rmSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { unpackArchive } from './archive.ts'

/**
 * What the stand-in for Electron's binary runs: unpacks the app's archive, starts its main program with the stand-in `electron`
 * module, asks the app for its page, and prints one JSON line about the window that the app has opened.
 */
const resources = join(import.meta.dirname, '../resources')
const folder = mkdtempSync(join(tmpdir(), 'slipway-app-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
await unpackArchive(join(resources, 'app.asar'), folder)

const electronUrl = pathToFileURL(join(import.meta.dirname, 'electron.js')).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: electronUrl, shortCircuit: true } : next(specifier, context),
})
const { app, askProtocol, standIn } = (await import(electronUrl)) as typeof import('../../support/electron/electron.ts')
await import(pathToFileURL(join(folder, 'out/main/index.js')).href)
app.becomeReady()
while (!standIn.windows[0]) await new Promise((resolve) => setTimeout(resolve, 10))
const page = await askProtocol('app://slipway/')
const html = await page.text()
const script = /src="([^"]+\.js)"/.exec(html)?.[1] ?? ''
process.stdout.write(
  `${JSON.stringify({
    title: /<title>([^<]*)/.exec(html)?.[1],
    policy: page.headers.get('content-security-policy'),
    script: (await askProtocol(new URL(script, 'app://slipway/').href)).status,
    sandbox: standIn.windows[0].options.webPreferences['sandbox'],
    trays: standIn.trays.length,
  })}\n`,
)
process.exit(await standIn.exited)
