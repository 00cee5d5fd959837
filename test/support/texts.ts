import { expect } from 'vitest'

// A test of the face has all texts, whichever part of the page it looks at.
if (expect.getState().testPath?.includes('/src/renderer/')) {
  const [{ areaNames }, { loadTexts }] = await Promise.all([
    import('#renderer/texts/areas.ts'),
    import('#renderer/texts/index.ts'),
  ])
  await loadTexts(areaNames)
}
