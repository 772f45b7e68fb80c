/** The ids of a runtime's open connections: no two are alike. */
export interface ConnectionIds {
  isOpen(id: string): boolean;
  /** A free id for a connection that was given none: the slug, then `slug#2`. */
  free(slug: string): string;
  open(id: string): void;
  close(id: string): void;
}

export function createConnectionIds(): ConnectionIds {
  const open = new Set<string>();
  /** The highest number given, by slug: a host that opens very many does not try them all again each time. */
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
