import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { build } from 'vite'
import { firstLoad, type FirstLoadLimits } from './first-load.ts'

const root = await mkdtemp(join(tmpdir(), 'slipway-first-load-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const heavy = `export const heavy = ${JSON.stringify('x'.repeat(20_000))}`
/** The entry loads the page. @param page its script */
async function buildOf(page: string, limits: FirstLoadLimits): Promise<unknown> {
  const files = {
    'index.html': '<script type="module" src="./main.js"></script>',
    'main.js': `import('./page.js')`,
    'page.js': page,
    'part.js': `import { heavy } from './node_modules/heavy/index.js'\nconsole.log(heavy)`,
    'node_modules/heavy/index.js': heavy,
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return build({ root, configFile: false, logLevel: 'silent', plugins: [firstLoad(limits)] })
}

test('what a page imports only when it is needed does not count', async () => {
  await expect(buildOf(`import('./part.js')`, { kilobytes: 10, later: ['heavy/'] })).resolves.toBeDefined()
})

test('the build fails when what the page loads at its start is too large', async () => {
  await expect(buildOf(`import './part.js'`, { kilobytes: 10, later: [] })).rejects.toThrow(
    /2\d KiB .* the limit is 10/,
  )
})

test('the build fails when the page begins with what belongs to a panel', async () => {
  await expect(buildOf(`import './part.js'`, { kilobytes: 100, later: ['heavy/'] })).rejects.toThrow('heavy/index.js')
})
