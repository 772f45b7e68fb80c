/** Preloaded into the CLI of a soak: collects garbage and tells the heap, in bytes, whenever the parent asks. */
process.on('message', () => {
  (globalThis as { gc?: () => void }).gc?.();
  process.send?.(process.memoryUsage().heapUsed);
});
// The channel alone must not keep the CLI from ending.
process.channel?.unref();
