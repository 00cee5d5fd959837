import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import Datastore from 'nedb-promises'
import { z } from 'zod'
import type { Stop } from '#shared/base/disposable.ts'
import { createTurns } from '#shared/base/turns.ts'
import { mayHoldSecret } from './draft-secrets.ts'
import type { Draft } from '#shared/contract/app.ts'
import { defaultSettings, withChange } from '#shared/contract/default-settings.ts'
import { settings as settingsSchema, type Settings, type SettingsChange } from '#shared/contract/settings.ts'
import { savedForward, type SavedForward } from '#shared/contract/forwards.ts'

/** The user's own data beside the clusters: settings, drafts and port-forwards, in NeDB files under the data folder. */
export interface AppData {
  settings(): Promise<Settings>
  saveSettings(change: SettingsChange): Promise<Settings>
  /** Calls back with the settings after each change of them. */
  onSettings(listener: (settings: Settings) => void): Stop
  drafts(): Promise<Draft[]>
  /** @throws SecretDraftError when the draft may contain data of a Secret; it is not stored then */
  saveDraft(draft: Draft): Promise<void>
  removeDraft(key: string): Promise<void>
  /** Port-forwards that come back at the next start. */
  forwards(): Promise<SavedForward[]>
  saveForwards(forwards: readonly SavedForward[]): Promise<void>
  /** Pods that were made for terminals, and that may still be there. */
  ownPods(): Promise<OwnPod[]>
  saveOwnPods(change: (pods: readonly OwnPod[]) => OwnPod[]): Promise<void>
}

const ownPod = z.object({ context: z.string(), namespace: z.string(), pod: z.string() })
/** A pod that was made for a terminal alone. */
export type OwnPod = z.infer<typeof ownPod>

/** Drafts are stored unencrypted: texts that may contain a Secret are refused. */
export class SecretDraftError extends Error {
  constructor() {
    super('Secrets are not saved as drafts')
  }
}

/** @param options `dir`: the data folder, created with mode 0700 when missing. */
export async function openAppData({ dir }: { dir: string }): Promise<AppData> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await removeSecrets(join(dir, 'drafts.db'))
  const drafts = Datastore.create({ filename: join(dir, 'drafts.db') })
  const stored = Datastore.create({ filename: join(dir, 'settings.db') })
  await Promise.all([drafts.load(), stored.load()])
  await Promise.all(['drafts.db', 'settings.db'].map((file) => chmod(join(dir, file), 0o600)))

  /** One after the other: of two changes at once neither is lost, and who reads sees what was saved before. */
  const inTurn = createTurns()
  const listeners = new Set<(settings: Settings) => void>()
  const settings = async (): Promise<Settings> => {
    const document = await stored.findOne<{ value: string }>({ _id: 'settings' })
    return { ...defaultSettings, ...(document && validSettings(JSON.parse(document.value) as Stored)) }
  }

  /** One more thing of `settings.db`, as a string for the same reason. */
  const read = async <T>(id: string, schema: z.ZodType<T[]>): Promise<T[]> => {
    const document = await stored.findOne<{ value: string }>({ _id: id })
    const parsed = schema.safeParse(JSON.parse(document?.value ?? '[]'))
    return parsed.success ? parsed.data : []
  }
  const write = async (id: string, value: readonly unknown[]): Promise<void> => {
    await stored.updateOne({ _id: id }, { _id: id, value: JSON.stringify(value) }, { upsert: true })
  }

  return {
    settings: () => inTurn(settings),
    saveSettings: (change) =>
      inTurn(async () => {
        const next = withChange(await settings(), change)
        // Stored as one string: NeDB refuses keys with dots, which context ids have.
        await stored.updateOne({ _id: 'settings' }, { _id: 'settings', value: JSON.stringify(next) }, { upsert: true })
        for (const listener of listeners) listener(next)
        return next
      }),
    onSettings(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    forwards: () => read('forwards', savedForward.array()),
    saveForwards: (forwards) => write('forwards', forwards),
    ownPods: () => inTurn(() => read('ownPods', ownPod.array())),
    saveOwnPods: (change) => inTurn(async () => write('ownPods', change(await read('ownPods', ownPod.array())))),
    async drafts() {
      const documents = await drafts.find<Draft>({})
      return documents.map(({ key, text, base, savedAt }) => ({ key, text, savedAt, ...(base ? { base } : {}) }))
    },
    async saveDraft(draft) {
      if (isOfSecret(draft)) throw new SecretDraftError()
      await drafts.updateOne({ key: draft.key }, { ...draft }, { upsert: true })
    },
    async removeDraft(key) {
      await drafts.deleteMany({ key }, {})
    },
  }
}

type Stored = Partial<Record<string, unknown>>
/** A setting that another version has written and that is not valid here costs only itself. */
const validSettings = (found: Stored): Partial<Settings> =>
  Object.fromEntries(
    Object.entries(settingsSchema.shape).flatMap(([key, schema]) => {
      const { success, data } = schema.safeParse(found[key])
      return success ? [[key, data]] : []
    }),
  )

const isOfSecret = ({ key, text, base = '' }: Draft): boolean =>
  key.split('/').includes('Secret') || mayHoldSecret(text) || mayHoldSecret(base)

/** Removes Secrets that earlier versions stored. Loading the file compacts it, so that they leave the disk. */
async function removeSecrets(filename: string): Promise<void> {
  const drafts = Datastore.create({ filename })
  await drafts.load()
  const stored = await drafts.find<Draft>({})
  for (const { key } of stored.filter(isOfSecret)) await drafts.deleteMany({ key }, {})
}
