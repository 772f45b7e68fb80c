/**
 * Settings are nested less deeply than this. Whoever walks through them goes no further: they may refer to themselves.
 */
export const settingsDepth = 8;
