import { z } from 'zod'
import { settings, settingsChange } from './settings.ts'
import { downstream, procedure } from './stream.ts'

/** The app itself: what it is, settings, drafts that outlive a crash, sample manifests, menu commands. */

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

/** What is known of newer versions. */
const updateState = z.object({
  /** Whether this build names a place where versions are told. */
  offered: z.boolean(),
  newer: z.object({ version: z.string(), page: z.string() }).optional(),
  /** Why it is not known. */
  problem: z.string().optional(),
})
export type UpdateState = z.infer<typeof updateState>

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
  /** Asks for the newest version where the user wants it, at most once a day. */
  updates: procedure.output(updateState),
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
