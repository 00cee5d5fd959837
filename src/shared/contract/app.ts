import { z } from 'zod'
import { defined } from '../kube/json.ts'
import { downstream, procedure } from './stream.ts'

/** The app itself: what it is, the user's settings, drafts that outlive a crash, sample manifests, menu commands. */

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

/** Colours by which contexts are told apart. */
export const contextColours = ['blue', 'violet', 'pink', 'red', 'orange', 'olive', 'green', 'grey'] as const
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
})
export type Settings = z.infer<typeof settings>
export const defaultSettings: Settings = {
  theme: 'system',
  onQuit: 'ask',
  namespaces: {},
  lists: {},
  favourites: {},
  recent: {},
  views: {},
  folded: {},
  language: 'system',
  logLines: 50_000,
  terminal: {
    fontSize: 12,
    warnOnPaste: true,
    screenReader: false,
    debugImage: 'busybox:1.36',
    nodeImage: 'busybox:1.36',
  },
  density: 'normal',
  motion: 'system',
  shortcuts: {},
  defaultNamespace: '',
  contextColours: {},
  readOnly: {},
  kubeconfigs: [],
  startAtLogin: false,
  notifications: true,
}
const settingsChange = settings.partial()
/** The settings to change; undefined ones are kept. See `withChange`. */
export type SettingsChange = z.infer<typeof settingsChange>

/** Settings by context, kind or group. */
const keyed = ['namespaces', 'lists', 'favourites', 'recent', 'views', 'folded', 'contextColours', 'readOnly'] as const

/**
 * The settings with a change. Of settings by context, kind or group only the entries that it names are replaced: another
 * window's stay.
 */
export function withChange(before: Settings, change: SettingsChange): Settings {
  const entries = keyed.flatMap((key) => (change[key] ? [[key, { ...before[key], ...change[key] }]] : []))
  return { ...before, ...defined(change), ...Object.fromEntries(entries) } as Settings
}

export const draft = z.strictObject({
  /** `<context>/<apiVersion>/<kind>/<namespace>/<name>` or `new/<id>`. */
  key: z.string().min(1).max(1_000),
  text: z.string().max(4_000_000),
  /** The server's text that the edit began from. */
  base: z.string().max(4_000_000).optional(),
  savedAt: z.number(),
})
export type Draft = z.infer<typeof draft>

/** Commands of the native menu, the tray and the command palette. */
export const command = z.enum(['new-cluster', 'deploy', 'palette', 'settings', 'toggle-dock', 'help', 'confirm-quit'])
export type Command = z.infer<typeof command>

const sample = z.object({ name: z.string(), title: z.string(), description: z.string(), manifest: z.string() })
/** A text that can be deployed as it is. */
export type Sample = z.infer<typeof sample>

/** A text that comes from outside the page, with the name of its file. */
export const manifestFile = z.strictObject({ name: z.string().max(4_096), text: z.string().max(4_000_000) })
export type ManifestFile = z.infer<typeof manifestFile>

/** What the desktop asks of one window: a command, the address that a link names, or manifests to open in the editor. */
export const shellRequest = z.union([
  z.strictObject({ command }),
  z.strictObject({ visit: z.string().max(4_096) }),
  z.strictObject({ manifests: z.array(manifestFile).max(100) }),
])
export type ShellRequest = z.infer<typeof shellRequest>

export const app = {
  info: procedure.output(
    z.object({
      version: z.string(),
      mode: z.enum(['desktop', 'headless']),
      platform: z.string(),
      docsUrl: z.string().optional(),
      /** Where clusters, settings and drafts are kept. */
      dataFolder: z.string(),
    }),
  ),
  /** Answers at once: the page asks again and again whether the back is there. */
  ping: procedure.output(z.void()),
  settings: procedure.output(settings),
  saveSettings: procedure.input(settingsChange).output(settings),
  drafts: procedure.output(z.array(draft)),
  /** Fails for a draft that may hold the data of a Secret, by its key, its text or its base: nothing is stored then. */
  saveDraft: procedure.input(draft).output(z.void()),
  removeDraft: procedure.input(z.strictObject({ key: z.string() })).output(z.void()),
  samples: procedure.output(z.array(sample)),
  /** What the user asks of this window by the native menu, the tray, a link or a file. */
  shellRequests: downstream({ open: z.strictObject({}), down: shellRequest }),
  /** Answer to `confirm-quit`. */
  quit: procedure.input(z.strictObject({ clusters: z.enum(['stop', 'keep', 'cancel']) })).output(z.void()),
}
