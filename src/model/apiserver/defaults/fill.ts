// Small functions that fill in what is missing and hand back the same object when nothing was: structural sharing is
// what keeps a thousand pods of one template cheap.

/** `object` with the fields of `defaults` that it lacks. */
export function fill<T extends object>(object: T, defaults: Partial<T>): T {
  let missing = false
  for (const key in defaults) if (defaults[key] !== undefined && object[key] === undefined) missing = true
  if (!missing) return object
  const copy = { ...object }
  for (const key in defaults) if (defaults[key] !== undefined && copy[key] === undefined) copy[key] = defaults[key]!
  return copy
}

/** `object` with `key` replaced by what `change` makes of it, where it is there. */
export function edit<T extends object, K extends keyof T>(
  object: T,
  key: K,
  change: (value: NonNullable<T[K]>) => T[K],
): T {
  const value = object[key]
  if (value === undefined || value === null) return object
  const changed = change(value)
  return changed === value ? object : { ...object, [key]: changed }
}

/** The list with each item changed; the same list when no item did. */
export function editEach<T>(list: T[], change: (item: T) => T): T[] {
  let copy: T[] | undefined
  for (let i = 0; i < list.length; i++) {
    const changed = change(list[i]!)
    if (changed !== list[i]) (copy ??= list.slice())[i] = changed
  }
  return copy ?? list
}

/** As `edit` for a list field. */
export function editItems<T extends object, K extends keyof T>(
  object: T,
  key: K,
  change: (
    item: NonNullable<T[K]> extends (infer I)[] ? I : never,
  ) => NonNullable<T[K]> extends (infer I)[] ? I : never,
): T {
  return edit(object, key, (list) => editEach(list as never[], change as never) as T[K])
}
