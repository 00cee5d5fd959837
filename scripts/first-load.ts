import type { Plugin } from 'vite'

export interface FirstLoadLimits {
  /** Of all scripts that a page loads before it shows anything, as the server sends them, KiB. */
  kilobytes: number
  /** Packages that only some panels need: they are loaded with the first of these. */
  later: readonly string[]
}

/**
 * Fails the build when what the page loads at its start is too large, or holds what is meant to come later: one careless
 * `import` brings a whole editor with it, and nothing else tells.
 */
export function firstLoad({ kilobytes, later }: FirstLoadLimits): Plugin {
  return {
    name: 'slipway:first-load',
    apply: 'build',
    writeBundle(_, bundle) {
      const chunks = new Map(
        Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])),
      )
      const entries = [...chunks.values()].filter(({ isEntry }) => isEntry)
      // The entry loads the page at once.
      const loaded = new Set(
        entries.flatMap((entry) => [entry, ...entry.dynamicImports.flatMap((name) => chunks.get(name) ?? [])]),
      )
      for (const { imports } of loaded)
        for (const name of imports) {
          const imported = chunks.get(name)
          if (imported) loaded.add(imported)
        }
      const sizes = [...loaded].map(({ fileName, code }) => ({ fileName, size: code.length }))
      const early = [...loaded].flatMap(({ moduleIds }) =>
        moduleIds.filter((id) => later.some((name) => id.includes(`/node_modules/${name}`))),
      )
      const total = Math.ceil(sizes.reduce((sum, { size }) => sum + size, 0) / 1_024)
      this.info(`${sizes.length} scripts, ${total} KiB, before the first picture`)
      if (early.length > 0)
        this.error(`is loaded with the page, but belongs to a panel: ${early.slice(0, 3).join(', ')}`)
      if (total > kilobytes) {
        const largest = sizes.sort((a, b) => b.size - a.size).slice(0, 5)
        this.error(
          `the page loads ${total} KiB of scripts at its start, the limit is ${kilobytes}: ${largest.map(({ fileName, size }) => `${fileName} ${Math.ceil(size / 1_024)}`).join(', ')}`,
        )
      }
    },
  }
}
