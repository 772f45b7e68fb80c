import path from 'node:path';

/** Whether a place is a directory, or lies in it. Both are real paths: links are not followed. */
export function isInside(place: string, directory: string): boolean {
  const relative = path.relative(directory, place);
  // Not by its first two characters alone: a directory may be called `..foo`.
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
