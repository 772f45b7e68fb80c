export const check = { none: 'Every request to a webhook is an event to its owner' };
