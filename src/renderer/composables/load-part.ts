/** Before a part is asked for again, ms. */
const pausesMs = [300, 1_500]

/** Loads a part of the page that comes when it is needed, again where the app was too busy to answer. @throws the last error */
export async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  for (const pause of pausesMs) {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return load()
}
