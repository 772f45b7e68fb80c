/** More than all the paths that a folder's own notes name. */
const mostLabels = 100;
const longestLabel = 80;
const position = /\[\d+\]/g;
/** What stands in these is named by customers and events. */
const named = /^((?:context\.)?traits|properties|integrations)(\.[^.]*).*$/s;

/**
 * Makes the paths of notes labels of a metric, which must be few: without positions in lists, and without what is
 * inside a property or a trait. A property can have any name, so after 100 labels of a connection the rest is `other`.
 */
export class NoteLabels {
  /** Made for the first: most connections never have one. */
  #known: Set<string> | undefined;

  of(path: string): string {
    const label = path.replace(position, '[]').replace(named, '$1$2');
    const known = (this.#known ??= new Set());
    if (known.has(label)) return label;
    if (label.length > longestLabel || known.size >= mostLabels) return 'other';
    known.add(label);
    return label;
  }
}
