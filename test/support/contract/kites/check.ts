export const check = { none: 'Kites has no request without side effects.' };
