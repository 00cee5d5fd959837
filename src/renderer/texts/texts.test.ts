// @vitest-environment happy-dom
import { globSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { areaNames, areas } from './areas.ts'
import { de as deFrame } from './de/index.ts'
import { en as enFrame } from './en/index.ts'
import { ageText, clockText, dateText, diskText, memoryText, numberText, whenText } from './format.ts'
import { i18n, speak, t } from './index.ts'
import type { Texts } from './translation.ts'

const en: Texts = { ...enFrame }
const de: Texts = { ...deFrame }
for (const name of areaNames) {
  Object.assign(en, await areas[name].en())
  Object.assign(de, await areas[name].de())
}

/** Every text with its name. */
function* flat(texts: Texts, prefix = ''): Generator<[name: string, text: string]> {
  for (const [name, value] of Object.entries(texts))
    if (typeof value === 'string') yield [prefix + name, value]
    else yield* flat(value, `${prefix}${name}.`)
}
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')

afterEach(() => speak('en'))

describe('texts', () => {
  test('have the same places for values in both languages', () => {
    const german = new Map(flat(de))
    for (const [name, text] of flat(en))
      expect([name, [...new Set(places(german.get(name) ?? ''))].sort()]).toEqual([
        name,
        [...new Set(places(text))].sort(),
      ])
  })

  test.each(['en', 'de'] as const)('can all be read by vue-i18n in %s', async (language) => {
    await speak(language)
    const translate = (name: string): string => i18n.global.t(name, { n: 1 })
    for (const [name] of flat(en)) expect(() => translate(name)).not.toThrow()
  })

  test('are all shown somewhere', () => {
    const files = globSync('src/renderer/**/*.{ts,vue}').filter((file) => !/\/texts\/..\/|\.test\.ts$/.test(file))
    const code = files.map((file) => readFileSync(file, 'utf8')).join('\n')
    const named = new Set([...code.matchAll(/['"]([\w-]+(?:\.[\w-]+)+)['"]/g)].map(([, name = '']) => name))
    /** `explain.crash.${key}`: what stands before and after the value. */
    const made = [...code.matchAll(/`(\w+\.[\w.-]*)\$\{[^`{}]*\}([\w.-]*)`/g)]
    const isShown = (name: string): boolean =>
      named.has(name) || made.some(([, before = '', after = '']) => name.startsWith(before) && name.endsWith(after))
    expect([...flat(en)].flatMap(([name]) => (isShown(name) ? [] : [name]))).toEqual([])
  })

  test('follow the language', async () => {
    expect(t('base.cancel')).toBe('Cancel')
    await speak('de')
    expect(t('base.cancel')).toBe('Abbrechen')
    expect(document.documentElement.lang).toBe('de')
  })

  test('need no eval, which the page forbids', () => {
    const original = globalThis.Function
    globalThis.Function = new Proxy(original, {
      construct: () => {
        throw new Error('eval')
      },
    })
    try {
      expect(t('base.typeToConfirm', { name: 'dev' })).toBe('Type dev to confirm')
    } finally {
      globalThis.Function = original
    }
  })
})

describe('amounts and times', () => {
  test('in English', () => {
    expect(numberText(12_345.67)).toBe('12,345.7')
    expect(memoryText(1.5 * 2 ** 30)).toBe('1.5 GiB')
    expect(memoryText(512)).toBe('512 B')
    expect(memoryText(200 * 2 ** 20)).toBe('200 MiB')
    expect(diskText(84_000)).toBe('84 kB')
    expect(dateText(Date.UTC(2026, 2, 12, 12))).toBe('12 Mar 2026')
  })

  test.each([
    [-5, '0 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [62 * 60_000, '62 min'],
    [2 * 3_600_000, '2 h'],
    [48 * 3_600_000, '2 d'],
    [800 * 86_400_000, '2 y'],
  ])('an age of %d ms is %s', (ms, text) => expect(ageText(ms)).toBe(text))

  test('a time is the clock within a day, else the date', () => {
    const time = new Date(2026, 2, 12, 14, 3, 27).getTime()
    expect(clockText(time)).toBe('14:03:27')
    expect(whenText(time, time + 3_600_000)).toBe('14:03')
    expect(whenText(time, time + 3 * 86_400_000)).toBe('12 Mar 2026')
  })

  describe('in German', () => {
    beforeEach(() => speak('de'))
    test('numbers have their comma', () => {
      expect(numberText(12_345.67)).toBe('12.345,7')
      expect(memoryText(1.5 * 2 ** 30)).toBe('1,5 GiB')
      expect(ageText(800 * 86_400_000)).toBe('2 J')
    })
  })
})
