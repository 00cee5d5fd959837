import { afterAll, vi } from 'vitest'

// Files share their modules: an import that still loads when its file ends fails, for each later file of the worker too.
afterAll(() => vi.dynamicImportSettled())
