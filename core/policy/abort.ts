type Listener = () => void;

/** What waits for each signal. A signal is gone with the last that holds it. */
const listeners = new WeakMap<AbortSignal, SignalListeners>();

interface SignalListeners {
  readonly all: Set<Listener>;
  /** The one listener that the signal itself has. */
  readonly fire: Listener;
}

/**
 * Calls `listener` once when the signal fires, or now if it has; never after the function that this returns is called.
 * However many wait, the signal has one listener of ours: Node warns of a leak where a host gives one signal to more
 * than ten calls. What one of them throws comes out when all have been called, as Node has it for listeners of its own.
 */
export function onAbort(signal: AbortSignal | undefined, listener: Listener): () => void {
  if (signal === undefined) return removeNothing;
  if (signal.aborted) {
    listener();
    return removeNothing;
  }
  const own = listeners.get(signal) ?? listen(signal);
  // Two callers may wait with one function.
  const call = (): void => listener();
  own.all.add(call);
  return () => {
    if (!own.all.delete(call) || own.all.size > 0 || listeners.get(signal) !== own) return;
    listeners.delete(signal);
    signal.removeEventListener('abort', own.fire);
  };
}

/** Nobody listens any more, or ever did. */
const removeNothing = (): void => undefined;

function listen(signal: AbortSignal): SignalListeners {
  const all = new Set<Listener>();
  const fire = (): void => {
    listeners.delete(signal);
    const errors: unknown[] = [];
    for (const listener of all) {
      all.delete(listener);
      try {
        listener();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors);
  };
  const own = { all, fire };
  listeners.set(signal, own);
  signal.addEventListener('abort', fire, { once: true });
  return own;
}
