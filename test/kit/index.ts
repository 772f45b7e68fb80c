/** `spillway/testing`: the contract suite of a destination folder, and the vendors it runs against. */
export { checkDestination } from './check-destination.ts';
export type { CheckOptions, CheckResult } from './check-destination.ts';
export { describeContract } from './describe-contract.ts';
export { always, inOrder, VendorDouble } from './vendor-double.ts';
export type { Fault, Script, ScriptedReply } from './vendor-double.ts';
export type { SeenRequest } from './seen-request.ts';
export { NodeHttpDispatcher } from './node-http-dispatcher.ts';
export { canonicalEvents, hostileEvents } from './events.ts';
export type { CanonicalEventName, HostileEvent } from './events.ts';
export { caseNames, caseTodo, loadCase, loadReply, replyNames } from './case.ts';
export type { LoadedCase } from './case.ts';
export { callFormat, callNames, loadCall } from './call-case.ts';
export type { CallCase, LoadedCall } from './call-case.ts';
export { caseFormat, replyFormat, todoFormat } from './case-format.ts';
export type { ContractCase, ContractReply } from './case-format.ts';
/** The vendors as loopback servers that enforce their documentation, and events to send to them. */
export * from '../vendors/index.ts';
