/** What a destination folder may import: types and pure functions. */
export { eventClock, eventTime, eventTypes, propertiesOf } from './event.ts';
export { eventSeconds } from './event-seconds.ts';
export type {
  AliasEvent,
  CdpEvent,
  EventType,
  GroupEvent,
  IdentifyEvent,
  JsonObject,
  JsonValue,
  PageEvent,
  TrackEvent,
} from './event.ts';
export type { BatchLimits, DestinationManifest, Pace, Rate } from './manifest.ts';
export type { TextForm } from './config.ts';
export { currencyCode, secret, setting, text, z } from './config.ts';
export type { ConfigSchema } from './config.ts';
export { contractVersion } from './contract-version.ts';
export { defineDestination } from './destination.ts';
export { bare, framedBody, jsonArray, jsonList } from './frame.ts';
export type { Frame } from './frame.ts';
export type {
  AnyDestination,
  DefinedDestination,
  Destination,
  DestinationDefinition,
  TransformContext,
  Reply,
  ResponseHandler,
  Wire,
  WireResult,
} from './destination.ts';
export type { CheckResult, CredentialCheck } from './credential-check.ts';
export { operation } from './operation.ts';
export type {
  AnyOperation,
  CallInput,
  CallReply,
  CallResult,
  InputIssue,
  OperationBase,
  OperationDefinition,
  OperationList,
  Operations,
} from './operation.ts';
export { admit, payload, reject, skip } from './delivery.ts';
export type { Admission, Batch, Delivery, Routing, Transformed, Unsent } from './delivery.ts';
export { outcomeKinds } from './outcome.ts';
export type { Note, Outcome, OutcomeKind, Reason } from './outcome.ts';
export { ambiguousCodes, reasonCodes } from './reason-codes.ts';
export type { ReasonCode } from './reason-codes.ts';
export { accept, decide, decisionKinds } from './decision.ts';
export type { RetryDecision } from './decision.ts';
export {
  acceptAll,
  decideAll,
  verdictsByCount,
  verdictsByIndex,
  verdictsByKey,
  verdictsByPosition,
} from './verdicts.ts';
export type { AnswerCounts, ItemDecision } from './verdicts.ts';
export type { Exchange, Failure, HttpRequest, HttpResponse } from './failure.ts';
export { indexTable } from './index-table.ts';
export type { IndexRow, IndexTableOptions } from './index-table.ts';
export { errorTable } from './error-table.ts';
export type { ErrorRow, ErrorTable, ErrorTableOptions } from './error-table.ts';
export { retryLater } from './house-table.ts';
export type { TransientDetails } from './house-table.ts';
export { errorMessage, vendorErrors } from './vendor-errors.ts';
export type { VendorError } from './vendor-errors.ts';
export { decodeEntities, itemAtPosition, memberNamed, wasSent } from './sent-text.ts';
export { retryAfterMs } from './retry-after.ts';
export type { RetryAfterForm } from './retry-after.ts';
export {
  asAmount,
  asCount,
  asCurrency,
  asDecimal,
  asFlag,
  asText,
  isBlank,
  isMissing,
  isObject,
  ownValue,
  plainDecimal,
  reader,
  textReader,
} from './mapping.ts';
export type { Cast, Path, Trace } from './mapping.ts';
export { stableIdOf } from './event-id.ts';
export { castFound, firstOf } from './first-of.ts';
export type { Found } from './first-of.ts';
export { eventTimeWithin } from './event-time-within.ts';
export type { TimeBounds } from './event-time-within.ts';
export { sourceOf } from './event-source.ts';
export type { EventSource } from './event-source.ts';
export { requireAny } from './require-any.ts';
export { builderAt, payloadBuilder } from './payload-builder.ts';
export type { AnyPayloadBuilder, PayloadBuilder } from './payload-builder.ts';
export { fieldTable } from './field-table.ts';
export type { FieldRow, FieldsOf, FieldTable, FieldTableOptions, TextLimit } from './field-table.ts';
export { cutText } from './text-length.ts';
export { eventTable, pageName, plainName } from './event-table.ts';
export type { EventTable, EventTableOptions, NameEntries } from './event-table.ts';
export { eventChoice } from './event-choice.ts';
export type { EventChoiceOptions } from './event-choice.ts';
export { propertySelector } from './select-properties.ts';
export type {
  PropertyConverter,
  PropertySelection,
  PropertySelector,
  PropertySelectorOptions,
  PropertyTarget,
} from './select-properties.ts';
export { flatTexts, jsonText, jsonTextOf, scalarText, scalarValue, textList } from './property-values.ts';
export type { TextOptions } from './property-values.ts';
export { wholeObject } from './whole-object.ts';
export type { WholeObjectOptions } from './whole-object.ts';
export {
  absoluteUrl,
  hmacSha256,
  ipAddress,
  ipv4Address,
  isBlankId,
  isBlankIp,
  isEmail,
  isMd5,
  isSha256,
  isUuid,
  md5,
  normalizeEmail,
  phoneDigits,
  sha256,
  usableId,
} from './identity.ts';
export { optionReader } from './integrations.ts';
export { asAttStatus, limitsTracking } from './tracking.ts';
export {
  asBirthday,
  asCity,
  asCountry,
  asGender,
  asGenderFmn,
  asIp,
  asIpv4,
  asMd5,
  asName,
  asPostalCode,
  asSha256,
  asState,
  hashed,
  listOf,
  personPaths,
} from './user-data.ts';
export { personRows, sharedPersonFields } from './person-rows.ts';
export type { PersonFields, PersonPart, PersonRowsOptions } from './person-rows.ts';
export { asEmail, emailWithout } from './email-address.ts';
export type { EmailForm, EmailScope } from './email-address.ts';
export { asE164, asE164Digits, asPhone, e164 } from './phone-number.ts';
export type { PhoneForm } from './phone-number.ts';
export { advertisingIdPaths, deviceOf } from './device.ts';
export type { Device, DeviceFamily, WithheldId } from './device.ts';
export { clickIdOf } from './click-id.ts';
export type { ClickIdSources } from './click-id.ts';
export {
  amountPaths,
  currencyOf,
  keywordsOf,
  onlyProductAmountOf,
  onlyProductOf,
  orderIdOf,
  orderIdPaths,
  productIdNames,
  productIdOf,
  productsOf,
  quantityOf,
  revenuePaths,
  searchTextOf,
} from './commerce.ts';
export type { ProductEntry } from './commerce.ts';
export { productTable } from './product-table.ts';
export type { ProductTable, ProductTableOptions } from './product-table.ts';
export { jsonBody, jsonValue } from './reply-readers.ts';
export { usualRefusal } from './usual-refusal.ts';
export type { UsualRefusal } from './usual-refusal.ts';
export { matchSuccess } from './success-form.ts';
export type { SuccessForm } from './success-form.ts';
