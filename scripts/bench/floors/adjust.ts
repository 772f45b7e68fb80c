interface AppOrder {
  readonly timestamp: string;
  readonly context: {
    readonly ip: string;
    readonly userAgent: string;
    readonly device: {
      readonly type: 'ios' | 'android';
      readonly id: string;
      readonly advertisingId?: string;
      readonly adTrackingEnabled: boolean;
      readonly attTrackingStatus?: number;
    };
    readonly adjust?: { readonly adid: string };
  };
  readonly properties: {
    readonly order_id: string;
    readonly message_id: string;
    readonly payment_method: string;
    readonly revenue: number;
    readonly currency: string;
  };
}
type Context = AppOrder['context'];
type Properties = AppOrder['properties'];

const before = 's2s=1&app_token=app5imulated&event_token=tok000&environment=sandbox&created_at_unix=';
const escaped = encodeURIComponent;

/** The Adjust form of one line, every key escaped beforehand. */
export function adjustBody([line]: readonly string[]): string {
  const { timestamp, context, properties } = JSON.parse(line as string) as AppOrder;
  return (
    `${formOf(timestamp, context, properties)}&callback_params=%7B%22order_id%22%3A%22${escaped(properties.order_id)}` +
    `%22%2C%22message_id%22%3A%22${escaped(properties.message_id)}` +
    `%22%2C%22payment_method%22%3A%22${escaped(properties.payment_method)}%22%7D`
  );
}

/** The same with all properties as callback parameters, whatever they are called, and two as partner parameters. */
export function adjustAllBody([line]: readonly string[]): string {
  const { timestamp, context, properties } = JSON.parse(line as string) as AppOrder;
  const all: Record<string, string> = {};
  for (const name in properties) {
    if (name === 'revenue' || name === 'currency') continue;
    const value: unknown = properties[name as keyof Properties];
    all[name] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return (
    `${formOf(timestamp, context, properties)}&callback_params=${escaped(JSON.stringify(all))}` +
    `&partner_params=%7B%22order_id%22%3A%22${escaped(properties.order_id)}` +
    `%22%2C%22payment_method%22%3A%22${escaped(properties.payment_method)}%22%7D`
  );
}

/** All of the form that comes before the parameters. */
function formOf(timestamp: string, { device, ip, adjust, userAgent }: Context, properties: Properties): string {
  let form = before + Math.floor(Date.parse(timestamp) / 1000);
  if (device.type === 'ios') {
    if (device.advertisingId !== undefined) form += `&idfa=${device.advertisingId}`;
    form += `&idfv=${device.id}`;
  } else {
    if (device.advertisingId !== undefined) form += `&gps_adid=${device.advertisingId}`;
    form += `&android_id=${device.id}`;
  }
  if (adjust !== undefined) form += `&adid=${adjust.adid}`;
  if (!ip.includes(':')) form += `&ip_address=${ip}`;
  form += `&user_agent=${escaped(userAgent)}`;
  if (device.type === 'ios') form += `&att_status=${device.attTrackingStatus}`;
  else form += device.adTrackingEnabled ? '&tracking_enabled=1' : '&tracking_enabled=0';
  return `${form}&revenue=${properties.revenue}&currency=${properties.currency}`;
}
