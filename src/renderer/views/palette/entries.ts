import type { Component } from 'vue'

/** A line of the palette. */
export interface PaletteEntry {
  id: string
  group: PaletteGroup
  title: string
  /** What it is, or what it acts on: `Deployment, shop`. */
  detail: string
  icon?: Component
  /** The context whose colour it carries. */
  context?: string
  keys?: string | undefined
  run(): void
}

export const paletteGroups = ['actions', 'contexts', 'kinds', 'objects', 'others', 'settings'] as const
export type PaletteGroup = (typeof paletteGroups)[number]

/** How many lines of a group are shown. */
const most: Record<PaletteGroup, number> = { actions: 7, contexts: 8, kinds: 6, objects: 12, others: 6, settings: 5 }

/**
 * The lines that hold all words, by group; those of exactly that name come first, and the groups that have one. `>` asks for actions
 * alone, `@` for contexts.
 */
export function matching(entries: readonly PaletteEntry[], text: string): PaletteEntry[] {
  const only: PaletteGroup | undefined = text.startsWith('>')
    ? 'actions'
    : text.startsWith('@')
      ? 'contexts'
      : undefined
  const words = text.replace(/^[>@]/, '').trim().toLowerCase().split(/\s+/).filter(Boolean)
  const fitting = entries.filter(
    ({ group, title, detail }) =>
      (only === undefined || group === only) &&
      words.every((word) => `${title} ${detail}`.toLowerCase().includes(word)) &&
      // With nothing typed, what one does most: settings and objects are asked for by name.
      (words.length > 0 || group !== 'settings'),
  )
  const name = words.join(' ')
  const isExact = ({ title }: PaletteEntry): boolean => title.toLowerCase() === name
  const groups = paletteGroups.map((group) => ({
    group,
    lines: split(
      fitting.filter((entry) => entry.group === group),
      isExact,
    ),
  }))
  return split(groups, ({ lines: [exact] }) => exact.length > 0)
    .flat()
    .flatMap(({ group, lines }) => lines.flat().slice(0, most[group]))
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const parts = Map.groupBy(all, isFirst)
  return [parts.get(true) ?? [], parts.get(false) ?? []]
}

/** A title as the part before the first word that was typed, that part, and the rest. */
export function marked(title: string, text: string): [before: string, hit: string, after: string] {
  const word = text.replace(/^[>@]/, '').trim().toLowerCase().split(/\s+/)[0] ?? ''
  const at = word === '' ? -1 : title.toLowerCase().indexOf(word)
  return at < 0
    ? [title, '', '']
    : [title.slice(0, at), title.slice(at, at + word.length), title.slice(at + word.length)]
}
