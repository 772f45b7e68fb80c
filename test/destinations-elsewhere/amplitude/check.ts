export const check = {
  none: 'Amplitude takes the API key with events alone: no request without them is known to prove it',
};
