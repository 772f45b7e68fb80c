/** `spillway/testing`: the contract suite of a destination folder, and the vendors it runs against. */
export { checkDestination } from './kit/check-destination.ts';
export type { CheckOptions, CheckResult } from './kit/check-destination.ts';
export { describeContract } from './kit/describe-contract.ts';
export { folderUnderTest } from './kit/folder-under-test.ts';
export type { FolderUnderTest, TestAnswer } from './kit/folder-under-test.ts';
export { eventOf } from './kit/case-events.ts';
export { always, inOrder, VendorDouble } from './kit/vendor-double.ts';
export type { Fault, LateReply, Script, ScriptedReply } from './kit/vendor-double.ts';
export { ManualClock } from './kit/manual-clock.ts';
export type { ManualClockOptions, SelfDriveOptions } from './kit/manual-clock.ts';
export type { SeenRequest } from './kit/seen-request.ts';
export { NodeHttpDispatcher } from './kit/node-http-dispatcher.ts';
export { canonicalEvents, hostileEvents } from './kit/events.ts';
export type { CanonicalEventName, HostileEvent } from './kit/events.ts';
export { caseNames, caseTodo, loadCase, loadReply, replyNames } from './kit/case.ts';
export type { LoadedCase } from './kit/case.ts';
export { callFormat, callNames, loadCall } from './kit/call-case.ts';
export type { CallCase, LoadedCall } from './kit/call-case.ts';
export { demoFormat, hasDemo, loadDemo } from './kit/demo-format.ts';
export type { Demo } from './kit/demo-format.ts';
export { caseFormat, replyFormat, todoFormat } from './kit/case-format.ts';
export type { ContractCase, ContractReply } from './kit/case-format.ts';
/** The vendors as loopback servers that enforce their documentation, and events to send to them. */
export * from './simulators/index.ts';
