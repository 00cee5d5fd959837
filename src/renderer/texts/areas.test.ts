import { readFile, readdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { areaNames, areas, type Area } from './areas.ts'

/** A part of the page that is loaded when it is first shown, with the areas of texts that are named beside its import. */
interface LazyImport {
  from: string
  part: string
  named: readonly Area[]
}
interface Source {
  imports: readonly string[]
  uses: ReadonlySet<Area>
}

const root = resolve(import.meta.dirname, '..')
const sources = new Map<string, Source>()
const lazy: LazyImport[] = []
const areaOf = new Map<string, Area>()

for (const name of areaNames) for (const prefix of Object.keys(await areas[name].en())) areaOf.set(prefix, name)
for (const path of await readdir(root, { recursive: true }))
  if (/\.(ts|vue)$/.test(path) && !/\.test\.ts$|^texts\/(en|de)\//.test(path)) await read(path)

async function read(path: string): Promise<void> {
  const text = await readFile(join(root, path), 'utf8')
  const local = (specifier = ''): string => relative(root, resolve(root, path, '..', specifier))
  sources.set(path, {
    imports: [...text.matchAll(/^(?:import|export) (?!type )(?:[^']* from )?'(\.[^']+)'/gm)].map(([, name]) =>
      local(name),
    ),
    uses: new Set(
      [...text.matchAll(/['`](\w+)\.(?:[a-zA-Z][\w.-]*)?(?:['`]|\$\{)/g)].flatMap(
        ([, prefix = '']) => areaOf.get(prefix) ?? [],
      ),
    ),
  })
  // A list of areas is written out, or is a constant of the same file.
  const lists = /(?:withTexts\(\s*(\[[^\]]*\]|\w+),\s*\(\) =>\s*)?import\('(\.[^']+)'\)/g
  for (const [, list = '[]', specifier] of text.matchAll(lists)) {
    const written = list.startsWith('[')
      ? list
      : (new RegExp(`const ${list}[^=]*= (\\[[^\\]]*\\])`).exec(text)?.[1] ?? '[]')
    lazy.push({ from: path, part: local(specifier), named: areaNames.filter((name) => written.includes(`'${name}'`)) })
  }
}

/** All that is loaded with a part. */
function withImports(part: string): Set<string> {
  const loaded = new Set([part])
  for (const path of loaded)
    for (const each of sources.get(path)?.imports ?? []) if (sources.has(each)) loaded.add(each)
  return loaded
}
const usesOf = (paths: Iterable<string>): Set<Area> =>
  new Set([...paths].flatMap((path) => [...(sources.get(path)?.uses ?? [])]))

const page = withImports('main.ts')

test('the page itself uses its own texts only', () => expect([...usesOf(page)]).toEqual([]))

test('a part of the page that is loaded later brings the texts that it uses', () => {
  const loadedWith = new Map(lazy.map(({ part }) => [part, withImports(part)]))
  /** What is there once a part is shown; at first the most that there can be. */
  const there = new Map(lazy.map(({ part }) => [part, new Set(areaNames)]))
  for (let changed = true; changed;) {
    changed = false
    for (const { from, part, named } of lazy) {
      const shownIn = [...there].filter(([other]) => loadedWith.get(other)?.has(from)).map(([, areas]) => areas)
      const inherited = page.has(from) ? [] : areaNames.filter((name) => shownIn.every((areas) => areas.has(name)))
      for (const name of there.get(part) ?? [])
        if (!named.includes(name) && !inherited.includes(name)) changed = there.get(part)?.delete(name) ?? changed
    }
  }
  for (const [part, paths] of loadedWith) {
    const own = [...paths].filter((path) => !page.has(path))
    expect([part, ...[...usesOf(own)].filter((name) => !there.get(part)?.has(name))]).toEqual([part])
  }
})
