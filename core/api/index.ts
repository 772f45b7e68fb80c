/** What a destination folder may import: types and pure functions. */
export { EventAndText, eventTypes, propertiesOf } from './event.ts';
export { eventClock, eventTime, parseTime } from './events/event-time.ts';
export { eventSeconds } from './events/event-seconds.ts';
export type {
  AliasEvent,
  CdpEvent,
  EventOrText,
  EventType,
  GroupEvent,
  IdentifyEvent,
  IncomingEvent,
  JsonObject,
  JsonValue,
  PageEvent,
  TrackEvent,
} from './event.ts';
export type { BatchLimits, DestinationManifest, Pace, Rate } from './manifest.ts';
export type { TextForm } from './config.ts';
export { basicAuth, basicUserName } from './basic-auth.ts';
export { choice, currencyCode, eventPath, secret, setting, text, trimmedText, z } from './config.ts';
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
} from './answers/verdicts.ts';
export type { AnswerCounts, ItemDecision } from './answers/verdicts.ts';
export type { Exchange, Failure, HttpRequest, HttpResponse } from './failure.ts';
export { indexTable } from './answers/index-table.ts';
export type { IndexRow, IndexTableOptions } from './answers/index-table.ts';
export { errorTable } from './answers/error-table.ts';
export type { ErrorRow, ErrorTable, ErrorTableOptions } from './answers/error-table.ts';
export { retryLater } from './answers/house-table.ts';
export type { TransientDetails } from './answers/house-table.ts';
export { errorMessage, vendorErrors } from './answers/vendor-errors.ts';
export type { VendorError } from './answers/vendor-errors.ts';
export { decodeEntities, itemAtPosition, memberNamed, wasSent } from './answers/sent-text.ts';
export { retryAfterMs } from './answers/retry-after.ts';
export type { RetryAfterForm } from './answers/retry-after.ts';
export { isBlank, isMissing, isObject, ownValue, reader, textReader } from './fields/mapping.ts';
export { asAmount, asCount, asCurrency, asDecimal, asFlag, asText, plainDecimal } from './fields/casts.ts';
export type { Cast, Path, Trace } from './fields/mapping.ts';
export { stableIdOf } from './events/event-id.ts';
export { castFound, firstIdOf, firstOf } from './events/first-of.ts';
export type { Found } from './events/first-of.ts';
export { eventTimeWithin } from './events/event-time-within.ts';
export type { TimeBounds } from './events/event-time-within.ts';
export { sourceOf } from './events/event-source.ts';
export type { EventSource } from './events/event-source.ts';
export { requireAny } from './fields/require-any.ts';
export { builderAt, payloadBuilder } from './fields/payload-builder.ts';
export type { AnyPayloadBuilder, PayloadBuilder } from './fields/payload-builder.ts';
export { fieldTable } from './fields/field-table.ts';
export type { FieldRow, FieldsOf, FieldTable, FieldTableOptions, TextLimit } from './fields/field-table.ts';
export { escapeForm, escapeFormJson, memoizeText } from './fields/form-escape.ts';
export { trimInvisible } from './fields/trim-invisible.ts';
export { cutText } from './fields/text-length.ts';
export { eventTable, pageName, plainName } from './events/event-table.ts';
export type { EventTable, EventTableOptions, NameEntries } from './events/event-table.ts';
export { eventChoice } from './events/event-choice.ts';
export type { EventChoiceOptions } from './events/event-choice.ts';
export type { PropertyConverter, PropertyTarget } from './fields/property-target.ts';
export { propertySelector } from './fields/select-properties.ts';
export type { PropertySelection, PropertySelector, PropertySelectorOptions } from './fields/select-properties.ts';
export { valueSelector } from './fields/select-values.ts';
export type { ValueSelection, ValueSelector, ValueSelectorOptions, ValueSource } from './fields/select-values.ts';
export { flatTexts, jsonText, jsonTextOf, scalarText, scalarValue, textList } from './fields/property-values.ts';
export type { FlatTextOptions, ScalarOptions, TextListOptions, TextOptions } from './fields/property-values.ts';
export { wholeObject, wholeValue } from './fields/whole-object.ts';
export type { WholeObject, WholeObjectOptions } from './fields/whole-object.ts';
export { isNoId, isUuid, usableId } from './person/identifier.ts';
export {
  asIp,
  asIpv4,
  clientIpOf,
  clientIpv4Of,
  ipAddress,
  isBlankIp,
  isPrivateIp,
  clientIpAdvice,
} from './person/ip-address.ts';
export { hmacSha256, isDigestOfNothing, isMd5, isSha256, md5, sha256 } from './person/digest.ts';
export { absoluteUrl, asAbsoluteUrl, replaceEmailsInUrl } from './events/web-address.ts';
export { optionReader } from './events/integrations.ts';
export { asAttStatus } from './person/tracking.ts';
export {
  asBirthday,
  asCity,
  asCountry,
  asGender,
  asGenderFmn,
  asMd5,
  asName,
  asPostalCode,
  asSha256,
  asState,
  hashed,
  listOf,
  personPaths,
} from './person/user-data.ts';
export { personRows, sharedPersonFields } from './person/person-rows.ts';
export type { PersonFields, PersonPart, PersonRowsOptions } from './person/person-rows.ts';
export {
  asEmail,
  asEmailAsWritten,
  emailWithout,
  hasAsciiMailbox,
  isEmail,
  normalizeEmail,
} from './person/email-address.ts';
export type { EmailForm, EmailScope } from './person/email-address.ts';
export { maskEmails, maskEmailsInUrl } from './person/email-mask.ts';
export type { EmailMask } from './person/email-mask.ts';
export { hashEmails, replaceEmails } from './person/email-search.ts';
export { asE164, asE164Digits, asPhone, e164, phoneDigits } from './person/phone-number.ts';
export type { PhoneForm } from './person/phone-number.ts';
export { deviceOf } from './person/device.ts';
export type { Device, DeviceFamily, WithheldId } from './person/device.ts';
export { clickIdOf } from './events/click-id.ts';
export type { ClickIdSources } from './events/click-id.ts';
export {
  amountPaths,
  currencyOf,
  keywordsOf,
  orderIdOf,
  orderIdPaths,
  revenuePaths,
  searchTextOf,
} from './events/commerce.ts';
export {
  onlyProductAmountOf,
  onlyProductOf,
  productIdNames,
  productIdOf,
  productsIn,
  productsOf,
  quantityOf,
} from './events/products.ts';
export type { ProductEntry, ProductsOptions } from './events/products.ts';
export { productTable } from './fields/product-table.ts';
export type { ProductTable, ProductTableOptions } from './fields/product-table.ts';
export { jsonBody, jsonValue } from './answers/reply-readers.ts';
export { usualRefusal } from './answers/usual-refusal.ts';
export type { UsualRefusal } from './answers/usual-refusal.ts';
export { matchSuccess } from './answers/success-form.ts';
export type { SuccessForm } from './answers/success-form.ts';
