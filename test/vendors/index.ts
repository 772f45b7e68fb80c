/** Vendors on loopback that hold a client to their documents, and events to send them. */
export { startAdroll } from './adroll.ts';
export type { AdrollOptions } from './adroll.ts';
export type { IdentifierPolicy } from './adroll-event.ts';
export { startRokt } from './rokt.ts';
export type { RoktOptions } from './rokt.ts';
export { startAdjust } from './adjust.ts';
export type { AdjustOptions } from './adjust.ts';
export type { Refusal, Simulator, SimulatorOptions } from './server.ts';
export type { Ledger, LedgerEntry } from './ledger.ts';
export { commits, everyFault, faultKinds } from './faults.ts';
export type { FaultKind, FaultPlan } from './faults.ts';
export { eventKinds, generate, generateAsync, generateLabelled, generateLines, mixes } from './generator.ts';
export type { EventKind, GeneratorOptions, LabelledEvent, Mix } from './generator.ts';
export { appEventNames } from './app-events.ts';
export { userIdOf } from './moment.ts';
