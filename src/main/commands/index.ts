import type { Command } from './command.ts'
import { deleteCommand } from './delete.ts'
import { imageCommand } from './image.ts'
import { kubeconfigCommand } from './kubeconfig.ts'
import { listCommand } from './list.ts'
import { serveCommand } from './serve.ts'
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
  unlock: unlockCommand,
  lock: lockCommand,
  version: versionCommand,
}
