/** For a message about an unknown name: suggests the most similar known name, or lists all if none is similar. */
export function suggestion(name: string, known: readonly string[]): string {
  const normalized = plain(name);
  const maxDistance = Math.max(1, Math.floor(normalized.length / 3));
  let nearest: string | undefined;
  let minDistance = maxDistance + 1;
  for (const candidate of known) {
    const distance = distanceBetween(normalized, plain(candidate));
    if (distance >= minDistance) continue;
    minDistance = distance;
    nearest = candidate;
  }
  if (nearest !== undefined) return `do you mean "${nearest}"?`;
  return known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`;
}

const plain = (name: string): string => name.slice(0, 40).toLowerCase().replaceAll(/[-_]/g, '');

/** The edit distance: letters to change, add, remove or swap with a neighbour. */
function distanceBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
