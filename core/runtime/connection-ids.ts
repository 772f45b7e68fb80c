/** The ids of a runtime's open connections. All of them differ. */
export interface ConnectionIds {
  isOpen(id: string): boolean;
  /** Returns an unused id for a connection without one: the slug, then `slug#2`. */
  free(slug: string): string;
  open(id: string): void;
  close(id: string): void;
}

export function createConnectionIds(): ConnectionIds {
  const open = new Set<string>();
  /** The highest number used, by slug, so that a host with very many connections does not try them all each time. */
  const highest = new Map<string, number>();
  return {
    isOpen: (id) => open.has(id),
    free(slug) {
      if (!open.has(slug)) return slug;
      let number = (highest.get(slug) ?? 1) + 1;
      while (open.has(`${slug}#${number}`)) number += 1;
      highest.set(slug, number);
      return `${slug}#${number}`;
    },
    open: (id) => void open.add(id),
    close: (id) => void open.delete(id),
  };
}
