/** What became of one row, for preview. */
export interface RowTrace {
  /** The event's path. */
  readonly target: string;
  /**
   * The event's paths that it came from: those that hold something. Of a row that yielded nothing, all that it read.
   */
  readonly from: readonly string[];
  /** Where the row stands in the connection's options. */
  readonly row: string;
}

/** Recorded in preview: what a mapping did to one event. */
export interface MappingTrace {
  /** The targets that were written. */
  readonly mapped: RowTrace[];
  /** The rows that yielded nothing: their targets are as the event has them. */
  readonly nothing: RowTrace[];
  /** The rows of which something did not fit, with the reason; they are among the others, too. */
  readonly unfit: (RowTrace & { readonly reason: string })[];
  /** The targets that were removed; those that the event does not have are not among them. */
  readonly removed: string[];
}

/**
 * An empty trace, to hand to `Mapping.apply`.
 *
 * @example
 * const mapping = compileMapping({ set: { event: { '@path': 'properties.name' } } });
 * const trace = mappingTrace();
 * if (mapping.ok) mapping.apply({ type: 'track', properties: { name: 'Order Completed' } }, trace);
 * trace.mapped; // [{ target: 'event', from: ['properties.name'], row: 'options.mapping.set.event' }]
 */
export const mappingTrace = (): MappingTrace => ({ mapped: [], nothing: [], unfit: [], removed: [] });
