/** The messageId of whatever was handed over as an event; '' when it has none. Never throws. */
export function eventIdOf(event: unknown): string {
  try {
    const id: unknown = (event as { readonly messageId?: unknown } | null | undefined)?.messageId;
    return typeof id === 'string' ? id : '';
  } catch {
    return '';
  }
}
