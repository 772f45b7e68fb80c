import path from 'node:path';

/** Whether a place is a directory, or lies in it. Both are real paths: links are not followed. */
export function isInside(place: string, directory: string): boolean {
  const relative = path.relative(directory, place);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}
