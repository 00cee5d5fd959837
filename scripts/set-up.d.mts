export const root: string
export const nodeFlags: string[]
export const nodeEnv: Record<string, string>
export function projectNode(): string
export function ensureDependencies(options?: { quiet?: boolean }): Promise<void>
export function ensureBuilt(options?: { quiet?: boolean }): Promise<void>
