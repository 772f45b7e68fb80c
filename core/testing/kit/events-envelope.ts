/** What every call of an SDK carries besides its own fields. */
export const envelopeOf = (channel: 'web' | 'mobile', anonymousId: string) => (name: string) => ({
  messageId: `m-${name}`,
  userId: 'user-1001',
  anonymousId,
  channel,
  timestamp: '2026-01-15T11:59:00.000Z',
  originalTimestamp: '2026-01-15T11:59:00.000Z',
  sentAt: '2026-01-15T11:59:01.000Z',
  receivedAt: '2026-01-15T11:59:01.250Z',
  integrations: { All: true },
});

export const traits = {
  email: 'jane.doe@example.com',
  firstName: 'Jane',
  lastName: 'Doe',
  phone: '+1 555 010 0199',
};
