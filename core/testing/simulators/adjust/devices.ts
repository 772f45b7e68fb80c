/** What Adjust remembers of one device. */
interface Device {
  /** Latest event time by event token, epoch ms. */
  readonly latest: Map<string, number>;
  latestRevenue: number;
  readonly uniques: Set<string>;
}

export interface AdjustDevices {
  /** ADJUST-55: has this device had this unique event? */
  had(ids: readonly string[], token: string): boolean;
  /** ADJUST-31, ADJUST-34: is there a later event of the token, or a later revenue event of any, on this device? */
  isLate(ids: readonly string[], token: string, revenue: boolean, at: number): boolean;
  remember(ids: readonly string[], token: string, revenue: boolean, at: number): void;
}

/** A device is known by any of its identifiers, so an event that names fewer of them still finds it. */
export function rememberDevices(): AdjustDevices {
  const devices = new Map<string, Device>();
  const find = (ids: readonly string[]): Device | undefined => {
    for (const id of ids) {
      const device = devices.get(id);
      if (device !== undefined) return device;
    }
    return undefined;
  };
  return {
    had: (ids, token) => find(ids)?.uniques.has(token) ?? false,
    isLate(ids, token, revenue, at) {
      const device = find(ids);
      if (device === undefined) return false;
      return at < (device.latest.get(token) ?? 0) || (revenue && at < device.latestRevenue);
    },
    remember(ids, token, revenue, at) {
      const device = find(ids) ?? { latest: new Map(), latestRevenue: 0, uniques: new Set() };
      for (const id of ids) devices.set(id, device);
      device.latest.set(token, Math.max(at, device.latest.get(token) ?? 0));
      if (revenue) device.latestRevenue = Math.max(at, device.latestRevenue);
      device.uniques.add(token);
    },
  };
}
