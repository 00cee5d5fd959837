import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Page } from '@playwright/test'

/** `npm run icons`: draws the PNGs of `resources/icons` from their SVG sources; run it after a change of those. */
const folder = join(import.meta.dirname, '../resources/icons')
const appSizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024]

/** Colours that show on light and dark panels; `dot` marks trouble. macOS colours a template by its own rules. */
const trayStates = {
  idle: { ink: '#8a96a6' },
  running: { ink: '#2aa79a' },
  trouble: { ink: '#2aa79a', dot: '#e59a0f' },
}
const templates = {
  idleTemplate: { ink: 'rgb(0 0 0 / .5)' },
  runningTemplate: { ink: '#000' },
  troubleTemplate: { ink: '#000', dot: '#000' },
}

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const page = await browser.newPage()
  await mkdir(join(folder, 'app'), { recursive: true })
  const app = await readFile(join(folder, 'app.svg'), 'utf8')
  for (const size of appSizes) await draw(page, app, size, `app/${size}x${size}.png`)
  const tray = await readFile(join(folder, 'tray.svg'), 'utf8')
  for (const [state, colours] of Object.entries({ ...trayStates, ...templates })) {
    const svg = inState(tray, colours)
    const size = state.endsWith('Template') ? 18 : 32
    await draw(page, svg, size, `tray-${state}.png`)
    await draw(page, svg, size * 2, `tray-${state}@2x.png`)
  }
} finally {
  await browser.close()
}

function inState(svg: string, { ink, dot }: { ink: string; dot?: string }): string {
  const mark = dot ? `<circle cx="26" cy="7" r="5" fill="${dot}"/>` : ''
  return svg.replace('currentColor', ink).replace('</svg>', `${mark}</svg>`)
}

async function draw(page: Page, svg: string, size: number, name: string): Promise<void> {
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`)
  await writeFile(join(folder, name), await page.screenshot({ omitBackground: true }))
}
