export const root: string
export const nodeFlags: string[]
export const nodeEnv: Record<string, string>
export function projectNode(): string
/** @returns the path of Electron's binary; undefined when it is missing or no window can be shown */
export function electronBinary(): string | undefined
export function ensureDependencies(options?: { quiet?: boolean }): Promise<void>
export function ensureBuilt(options?: { quiet?: boolean }): Promise<void>
/** Does what changes the tree while no other command does. */
export function alone(work: () => Promise<void>, lock?: string): Promise<void>
/** Installs the locked packages of a folder with dependencies of its own. */
export function ensurePackages(folder: string): Promise<void>
/** Runs a command on the project's Node and tools. Resolves when it exits with 0. */
export function run(command: string, args: string[], options?: { env?: Record<string, string> }): Promise<void>
/** Whether a command is on PATH. */
export function has(command: string): boolean
