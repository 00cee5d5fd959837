/** Texts of one area: names to texts, in groups as deep as is useful. */
export interface Texts {
  [name: string]: string | Texts
}

/** The same texts in another language: all of them, and no others. */
export type Translation<T> = { [Name in keyof T]: T[Name] extends string ? string : Translation<T[Name]> }

/** `shell.connection.retry`: the names of all texts, groups included. */
export type KeyOf<T, Prefix extends string = ''> = {
  [Name in keyof T & string]: T[Name] extends string ? `${Prefix}${Name}` : KeyOf<T[Name], `${Prefix}${Name}.`>
}[keyof T & string]
