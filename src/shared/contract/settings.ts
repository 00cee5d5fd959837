import { z } from 'zod'
import { contextColours } from './context-colours.ts'

/** The user's settings. What the page needs of them at its start is in files without schemas. */

/** How the list of a kind looks. */
export const listLook = z.strictObject({
  /** Ids of the shown columns, in order; `label:<key>` shows a label. The kind's own when unset. */
  columns: z.array(z.string().max(400)).max(100).optional(),
  /** Widths that the user has set, px. */
  widths: z.record(z.string(), z.number().min(40).max(2_000)).optional(),
  sort: z.strictObject({ column: z.string().max(400), descending: z.boolean() }).optional(),
})
export type ListLook = z.infer<typeof listLook>

/** A filter with a name. */
export const savedView = z.strictObject({
  kind: z.string().max(500),
  name: z.string().min(1).max(100),
  filter: z.string().max(2_000),
})
export type SavedView = z.infer<typeof savedView>

/** An object that was looked at. */
export const recentItem = z.strictObject({
  kind: z.string().max(500),
  namespace: z.string().max(253).optional(),
  name: z.string().max(500),
})
export type RecentItem = z.infer<typeof recentItem>

const contextColour = z.enum(contextColours)
export type ContextColour = z.infer<typeof contextColour>

export const settings = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  /** What quitting does with running clusters. */
  onQuit: z.enum(['ask', 'stop', 'keep']),
  namespaces: z.record(z.string(), z.array(z.string())),
  /** By kind, as `pods` or `widgets.example.com`. */
  lists: z.record(z.string(), listLook),
  /** Kinds that stand first in the sidebar, by context. */
  favourites: z.record(z.string(), z.array(z.string().max(500)).max(100)),
  /** Newest first, by context. */
  recent: z.record(z.string(), z.array(recentItem).max(20)),
  /** By context. */
  views: z.record(z.string(), z.array(savedView).max(200)),
  /** Groups of the sidebar that the user has folded or unfolded. */
  folded: z.record(z.string(), z.boolean()),
  language: z.enum(['system', 'en', 'de']),
  /** Lines that a log keeps in the window. */
  logLines: z.number().int().min(1_000).max(1_000_000),
  terminal: z.strictObject({
    /** px */
    fontSize: z.number().int().min(8).max(32),
    /** Asks before a text with newlines is pasted. */
    warnOnPaste: z.boolean(),
    /** Tells a screen reader what appears. */
    screenReader: z.boolean(),
    /** Images of debug containers and of node shells, as they were last chosen. */
    debugImage: z.string().min(1).max(1_000),
    nodeImage: z.string().min(1).max(1_000),
  }),
  /** Height of rows: 24, 28 or 32 px. */
  density: z.enum(['compact', 'normal', 'roomy']),
  /** `none` where the system's wish for less motion is not known to the browser. */
  motion: z.enum(['system', 'none']),
  /** Keys of commands that the user has chosen, by the command's id; none: it has no key. */
  shortcuts: z.record(z.string().max(100), z.array(z.string().min(1).max(50)).max(5)),
  /** Namespace that a context shows at first where its kubeconfig names none; empty: all. */
  defaultNamespace: z.string().max(63),
  contextColours: z.record(z.string(), contextColour),
  /** Contexts in which nothing may be changed; the back refuses it. */
  readOnly: z.record(z.string(), z.boolean()),
  /** Kubeconfig files that the user has added, read after those of KUBECONFIG: absolute paths. */
  kubeconfigs: z.array(z.string().min(1).max(4_096)).max(50),
  /** The desktop app starts in the tray when the user signs in to the machine. */
  startAtLogin: z.boolean(),
  /** The desktop app tells of clusters and workers that break. */
  notifications: z.boolean(),
  /** Slipway looks for newer versions of itself. */
  updates: z.boolean(),
  /** Pods that crash are told, too. */
  crashNotices: z.boolean(),
})
export type Settings = z.infer<typeof settings>
export const settingsChange = settings.partial()
/** The settings to change; undefined ones are kept. See `withChange`. */
export type SettingsChange = z.infer<typeof settingsChange>
