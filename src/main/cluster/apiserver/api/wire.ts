/** A type as it may arrive: decoding has checked the types of what is there, but nothing has to be there. */
export type Wire<T> = T extends readonly (infer Item)[]
  ? Wire<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Wire<T[Key]> }
    : T
