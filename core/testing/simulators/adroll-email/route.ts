/** One of the fourteen operations the document has. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  /** Below the common prefix (ADEMAIL-01); `*` is the advertisable or the campaign. */
  readonly path: string;
  readonly body: 'json' | 'none';
  /** A query parameter besides `apikey`. */
  readonly parameter?: string;
}

export const operations = {
  createCampaign: { method: 'POST', path: 'advertisables/*/campaign', body: 'json' },
  readMessages: { method: 'GET', path: 'advertisables/*/messages', body: 'none' },
  postMessages: { method: 'POST', path: 'advertisables/*/messages', body: 'none' },
  optOut: { method: 'POST', path: 'advertisables/*/opt-out', body: 'none', parameter: 'agent' },
  updateSender: { method: 'PATCH', path: 'advertisables/*/sender_info', body: 'json' },
  readSettings: { method: 'GET', path: 'advertisables/*/settings', body: 'none' },
  updateSettings: { method: 'PATCH', path: 'advertisables/*/settings', body: 'json' },
  listUnsubscribers: { method: 'GET', path: 'advertisables/*/unsubscribers', body: 'none', parameter: 'since' },
  recordUnsubscribers: { method: 'POST', path: 'advertisables/*/unsubscribers', body: 'json' },
  updateCampaign: { method: 'PATCH', path: 'campaigns/*/', body: 'json' },
  listEmails: { method: 'GET', path: 'campaigns/*/emails', body: 'none' },
  updateEmails: { method: 'PATCH', path: 'campaigns/*/emails', body: 'json' },
  setStatus: { method: 'PUT', path: 'campaigns/*/status', body: 'json' },
  readActivation: { method: 'GET', path: '*/activation_status', body: 'none' },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

/** ADEMAIL-64: newer references no longer have these. */
export const withdrawable: ReadonlySet<OperationName> = new Set([
  'updateCampaign',
  'listEmails',
  'updateEmails',
  'setStatus',
  'readActivation',
] as const);

export interface Route {
  readonly name: OperationName;
  /** Of the advertisable or the campaign, decoded. */
  readonly eid: string;
}

const prefix = '/sendroll/api/v1/';
const rows = (Object.entries(operations) as [OperationName, Operation][]).map(([name, { method, path }]) => ({
  name,
  method,
  shape: new RegExp(`^${path.replace('*', '([^/]+)')}$`),
}));

/** The operation at a path; 'nothing' where there is none, 'other-method' where there are others. */
export function routeOf(method: string, path: string): Route | 'nothing' | 'other-method' {
  if (!path.startsWith(prefix)) return 'nothing';
  const rest = path.slice(prefix.length);
  const here = rows.filter(({ shape }) => shape.test(rest));
  if (here.length === 0) return 'nothing';
  const row = here.find((candidate) => candidate.method === method);
  if (row === undefined) return 'other-method';
  const eid = decoded(row.shape.exec(rest)?.[1] ?? '');
  return eid === undefined ? 'nothing' : { name: row.name, eid };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
