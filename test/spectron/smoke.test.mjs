import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import spectron from 'spectron'
import ChromeDriver from 'spectron/lib/chrome-driver.js'
import { serveSlipway } from '../support/slipway.ts'

/**
 * The window through Spectron, without nodeIntegration: then it is a plain WebDriver client, and none of its access to Electron
 * is used. Its last release knows Electron 17, so Debian's chromedriver drives the served window in Debian's Chromium.
 */
let slipway
let application

// Spectron asks with got 11, which on today's Node rejects a second time when a port refuses: the driver that is still starting.
ChromeDriver.prototype.isRunning = function (answer) {
  fetch(this.statusUrl)
    .then((response) => response.json())
    .then(
      ({ value }) => answer(value.ready),
      () => answer(false),
    )
}

before(async () => {
  slipway = await serveSlipway()
  const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
  application = new spectron.Application({
    path: chromium,
    port: await freePort(),
    startTimeout: 30_000,
    waitTimeout: 20_000,
    // Spectron's own capabilities start the browser through a launcher that expects Electron.
    webdriverOptions: {
      capabilities: {
        browserName: 'chrome',
        'goog:chromeOptions': {
          binary: chromium,
          args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--window-size=1440,900'],
        },
      },
    },
  })
  await application.start()
})

after(async () => {
  if (application?.isRunning()) {
    await application.client.deleteSession()
    application.chromeDriver.stop()
  }
  await slipway?.end()
})

test('a cluster is made in the window and its workers are listed', async () => {
  const { client } = application
  await client.url(slipway.url)
  await press('Create cluster of another size')
  await (await client.$('[role="dialog"] input[aria-label="Name"]')).setValue('spectron')
  await (await client.$('//*[@role="dialog"]//label[contains(., "Simulated workers")]')).click()
  await (await client.$('//*[@role="dialog"]//button[normalize-space()="Create cluster"]')).click()
  await client.waitUntilTextExists('[aria-label="Cluster spectron"]', '3 of 3 workers Ready')
  await press('Open')
  await (await client.$('//a[normalize-space()="Nodes"]')).click()
  await client.waitUntilTextExists('[role="table"][aria-label="Nodes"]', 'spectron-worker-3')
})

test('the page has no way to Node, and Spectron knows it', async () => {
  assert.equal(application.api.nodeIntegration, false)
  const found = await application.client.execute(() => [typeof globalThis.require, typeof globalThis.process])
  assert.deepEqual(found, ['undefined', 'undefined'])
})

const press = async (name) => (await application.client.$(`//button[normalize-space()="${name}"]`)).click()

function freePort() {
  const { promise, resolve, reject } = Promise.withResolvers()
  const server = createServer().on('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
  return promise
}
