import type { ObjectTarget } from '../../composables/target.ts'
import type { TerminalMode } from '../../stores/dock.ts'

/** Which shell is run: the first of bash and sh that there is, or this one. */
export type ShellChoice = 'auto' | 'bash' | 'sh'

/** What one pane of a terminal shows. */
export interface PaneSpec {
  id: number
  mode: TerminalMode
  /** The pod; of a node shell, the node. */
  target: ObjectTarget
  containers: readonly string[]
  container: string
  shell: ShellChoice
  /** Of a debug container and of a node shell. */
  image?: string
}

/** @returns the command that is run for a choice */
export function shellCommand(choice: ShellChoice): string[] {
  if (choice !== 'auto') return [choice]
  return ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash || exec sh']
}

/** Whether a failure to run a command says that the container has no such program. */
export const lacksShell = (message: string): boolean =>
  /executable file not found|no such file or directory|not found in \$PATH/i.test(message)
