import { certificatesCommand } from './certificates.ts'
import { cloneCommand } from './clone.ts'
import type { Command } from './command.ts'
import { buildCommand } from './build.ts'
import { deleteCommand } from './delete.ts'
import { giveBackCommand, takeCommand } from './take.ts'
import { diagnosticsCommand } from './diagnostics.ts'
import { diskCommand } from './disk.ts'
import { exportCommand } from './export.ts'
import { imageCommand } from './image.ts'
import { importCommand } from './import.ts'
import { kubeconfigCommand } from './kubeconfig.ts'
import { limitsCommand } from './limits.ts'
import { listCommand } from './list.ts'
import { mirrorCommand } from './mirror.ts'
import { serveCommand } from './serve.ts'
import { snapshotCommand } from './snapshot.ts'
import { uiCommand } from './ui.ts'
import { lockCommand, unlockCommand } from './unlock.ts'
import { upCommand } from './up.ts'
import { versionCommand } from './version.ts'
import { workerCommand } from './worker.ts'

/** Every command by its name. */
export const commands: Record<string, Command> = {
  up: upCommand,
  serve: serveCommand,
  ui: uiCommand,
  list: listCommand,
  delete: deleteCommand,
  kubeconfig: kubeconfigCommand,
  worker: workerCommand,
  image: imageCommand,
  mirror: mirrorCommand,
  snapshot: snapshotCommand,
  clone: cloneCommand,
  build: buildCommand,
  take: takeCommand,
  'give-back': giveBackCommand,
  export: exportCommand,
  import: importCommand,
  limits: limitsCommand,
  disk: diskCommand,
  certificates: certificatesCommand,
  diagnostics: diagnosticsCommand,
  unlock: unlockCommand,
  lock: lockCommand,
  version: versionCommand,
}
