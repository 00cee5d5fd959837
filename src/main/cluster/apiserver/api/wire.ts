/** A decoded object before validation: fields that are present have the right type, but any may be absent. */
export type Wire<T> = T extends readonly (infer Item)[]
  ? Wire<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Wire<T[Key]> | undefined }
    : T
