import { safeStorage } from 'electron'
import type { Keychain } from '#main/keys/key-files.ts'

/**
 * The user's keychain, once the app is ready; undefined where there is none. Without a secret service Electron falls back
 * to `basic_text` on Linux, which encrypts with a password that is the same everywhere: that is no protection.
 */
export function systemKeychain(): Keychain | undefined {
  if (!safeStorage.isEncryptionAvailable()) return undefined
  if (process.platform === 'linux' && isFixedPassword(safeStorage.getSelectedStorageBackend())) return undefined
  return {
    seal: (text) => safeStorage.encryptString(text),
    open: (sealed) => safeStorage.decryptString(Buffer.from(sealed)),
  }
}

const isFixedPassword = (backend: string): boolean => backend === 'basic_text' || backend === 'unknown'
