/**
 * Images without registry and path, where there is room for little: revisions differ in the tag, which stands last.
 * `web:2.9.1` of `registry.example.com/shop/web:2.9.1`.
 */
export const shortImages = (images: string): string =>
  images
    .split(', ')
    .map((image) => image.replace(/^.*\//, '').replace(/(@sha256:[0-9a-f]{8})[0-9a-f]*$/, '$1'))
    .join(', ')
