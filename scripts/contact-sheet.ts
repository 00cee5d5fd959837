import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Page } from '@playwright/test'
import { createFaceObjects, faceStates } from '../test/support/face-states.ts'
import { createKubectl } from '../test/support/kubectl.ts'
import { slipwayUp } from '../test/support/slipway.ts'

/**
 * Shoots every page and state of the face in both themes at three widths, on a simulated cluster, into
 * artifacts/contact-sheet with an index. `--only TEXT` shoots the states whose names hold the text.
 */
const { values } = parseArgs({ options: { only: { type: 'string' } } })
const folder = join(import.meta.dirname, '../artifacts/contact-sheet')
const widths = [900, 1440, 1920] as const
const themes = ['light', 'dark'] as const
const cluster = `sheet-${process.pid}`

const states = faceStates(`local:${cluster}`).filter(({ name }) => name.includes(values.only ?? ''))
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
const slipway = await slipwayUp({ name: cluster, args: ['--simulated', '2'] })
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const failures: string[] = []
try {
  await createFaceObjects(createKubectl(slipway.kubeconfig))
  const page = await browser.newPage({ reducedMotion: 'reduce' })
  page.setDefaultTimeout(15_000)
  await page.goto(slipway.ready.ui)
  await page.getByRole('heading', { name: 'Clusters' }).waitFor()
  const home = new URL('/', slipway.ready.ui).href
  for (const theme of themes) {
    await page.goto(`${home}#/settings`)
    await page.getByRole('radio', { name: theme === 'light' ? 'Light' : 'Dark' }).check()
    for (const state of states)
      await shoot(page, home, state, theme).catch(() => failures.push(`${state.name}-${theme}`))
  }
  await writeFile(join(folder, 'index.html'), indexPage())
} finally {
  await browser.close()
  await slipway.end()
}
console.log(`${states.length} states in ${folder}/index.html`)
if (failures.length > 0) {
  console.error(`Not reached: ${failures.join(', ')}`)
  process.exitCode = 1
}

async function shoot(page: Page, home: string, state: (typeof states)[number], theme: string): Promise<void> {
  const { name, path, ready, open } = state
  await page.setViewportSize({ width: 1440, height: 900 })
  // Another document: what an earlier state has opened is gone.
  await page.goto('about:blank')
  await page.goto(`${home}#${path}`)
  try {
    await ready(page).waitFor()
    await open?.(page)
  } finally {
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 })
      await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) })
    }
  }
}

function indexPage(): string {
  const figures = states.flatMap(({ name }) => [
    `<h2>${name}</h2>`,
    ...themes.flatMap((theme) =>
      widths.map((width) => {
        const file = `${name}-${theme}-${width}.png`
        return `<figure><a href="${file}"><img loading="lazy" src="${file}" alt="${name}, ${theme}, ${width} px"></a><figcaption>${theme}, ${width} px</figcaption></figure>`
      }),
    ),
  ])
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>
<style>body{font:13px sans-serif;display:grid;grid-template-columns:repeat(3,1fr);gap:12px;margin:20px}h2{grid-column:1/-1;margin:12px 0 0}figure{margin:0}img{width:100%;border:1px solid #ccc}</style>
${figures.join('\n')}</html>
`
}
