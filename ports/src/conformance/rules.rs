//! The rules, each a sentence that a check quotes when it is broken.

macro_rules! rules {
    ($($name:ident = $sentence:literal;)*) => {
        $(#[doc = concat!("“", $sentence, "”")] pub const $name: &str = $sentence;)*
    };
}

// Event stores.
rules! {
    NEW_STREAM_IS_EMPTY = "a stream that nobody has written to has no events, and the version 0";
    APPEND_RETURNS_VERSION = "an append at the current version succeeds and returns the number of events in the stream";
    READ_IN_ORDER = "a read returns all events, body and cause as they were appended, oldest first, at versions 1, 2, 3, …";
    STALE_APPEND_CONFLICTS = "an append at a version that the stream has left behind is a conflict";
    FUTURE_APPEND_CONFLICTS = "an append at a version that the stream has not reached is a conflict";
    REFUSED_APPEND_RECORDS_NOTHING = "an append that is refused records none of its events";
    ALL_OR_NOTHING = "a read returns all events of an append or none of them";
    NOTHING_APPENDED_IS_NOTHING_RECORDED = "appending nothing at the current version returns that version and records nothing";
    NOTHING_APPENDED_IS_CHECKED_TOO = "appending nothing at another version is a conflict";
    EQUAL_EVENTS_ARE_KEPT = "an event that equals an earlier one is recorded like any other";
    STREAMS_ARE_INDEPENDENT = "an append to one stream changes no other";
    ONE_APPEND_WINS = "of concurrent appends at the same version, exactly one succeeds and the others are conflicts";
    NO_APPEND_IS_LOST = "concurrent writers who append at the version they have read lose none of their events";
}

// Document stores.
rules! {
    ABSENT_IS_NONE = "a get of a key without a document is None";
    BODY_COMES_BACK = "a get returns the body of the latest write, byte for byte";
    UNCONDITIONAL_PUT_SUCCEEDS = "a put without a precondition succeeds, whether there is a document or not";
    KEYS_ARE_INDEPENDENT = "a write under one key changes nothing under any other, however similar";
    IF_ABSENT_CREATES = "a put under if-absent succeeds when there is no document";
    IF_ABSENT_CONFLICTS = "a put under if-absent is a conflict when there is a document";
    IF_ETAG_REPLACES = "a put under if-etag succeeds when the document still has this etag";
    STALE_ETAG_CONFLICTS = "a put under if-etag is a conflict when the document has another etag by now";
    IF_ETAG_NEEDS_DOCUMENT = "a put or delete under if-etag is a conflict where there has never been a document";
    REFUSED_WRITE_CHANGES_NOTHING = "a write that is refused leaves body and etag as they were";
    EVERY_WRITE_NEW_ETAG = "every write gives the document a new etag, even if the body stays the same";
    ETAG_IS_NEVER_REUSED = "an etag is never used again for the same key, not even after a delete";
    GET_RETURNS_ETAG_OF_PUT = "a get returns the etag that the latest put returned, however often it is called";
    NO_ABA = "a write under an old etag is a conflict, even if the document has its old body again";
    DELETE_REMOVES = "a delete without a precondition, or under the current etag, succeeds and leaves no document";
    DELETE_OF_NOTHING_SUCCEEDS = "a delete of what is not there succeeds, without a precondition or under if-absent";
    DELETE_OBEYS_PRECONDITION = "a delete is a conflict under a stale etag, or under if-absent when there is a document";
    NO_RESURRECTION = "a put under the etag of a document that is deleted or expired is a conflict";
    ONE_CREATOR_WINS = "of concurrent puts under if-absent, exactly one succeeds and the others are conflicts";
    ONE_CHANGE_WINS = "of concurrent puts and deletes under the same etag, exactly one succeeds and the others are conflicts";
    NO_UPDATE_IS_LOST = "concurrent writers who put under the etag they have read lose none of their updates";
}

// Both kinds of store.
rules! {
    CONFLICTS_ARE_TRUE = "a conflict means that somebody else has written since the read";
}

// Documents that expire.
rules! {
    EXPIRES_NOT_BEFORE = "an expiring document is there, body and etag, until its time to live has passed";
    EXPIRES = "an expiring document is gone once its time to live has passed";
    EXPIRING_PUT_OBEYS_PRECONDITION = "an expiring put succeeds and conflicts under the same preconditions as any other";
    LAST_WRITE_DECIDES_EXPIRY = "only the latest successful write of a document decides when and whether it expires";
}

// Documents of limited size.
rules! {
    UP_TO_LIMIT_IS_TAKEN = "a document whose key and body have exactly as many bytes as the limit is taken";
    ABOVE_LIMIT_IS_REFUSED = "a document above the limit is refused as too large, with its size and the limit in the error";
}

// Clocks.
rules! {
    DEADLINE_PASSES_NOT_BEFORE = "a deadline has not passed until its time has passed since it was made";
    DEADLINE_PASSES = "a deadline has passed once its time has passed since it was made";
    NO_TIME_HAS_PASSED = "a deadline in no time at all has passed when it is made";
    PASSED_IS_PASSED = "a deadline that has passed stays so";
    ASKING_CHANGES_NOTHING = "asking for a deadline moves none";
    DEADLINES_ARE_APART = "that one deadline has passed says nothing about another";
    DEADLINES_PASS_IN_ORDER = "deadlines pass in the order of their moments, whenever they were made";
    DEADLINE_IS_TEXT = "a deadline that was written down and read again is the same moment";
    NOT_A_DEADLINE_IS_REFUSED = "a text that is no deadline is refused";
}

// Publishers.
rules! {
    PUBLISH_SUCCEEDS = "a publish succeeds, of a copy too";
    PUBLISHED_IS_SEEN = "a message is seen by others, unchanged, once its publish has succeeded";
}

// Streams with publish expectations.
rules! {
    NUMBERED_THROUGH_THE_STREAM = "messages are numbered through the whole stream, whatever their subject, and an acknowledgement says which number it is";
    READ_BY_FILTER = "a read returns what was acknowledged before it and matches the filter, as it was published, oldest first, and nothing else";
    WITHOUT_EXPECTATION_IS_STORED = "a publish without expectation and known id is stored, even if it equals an earlier one";
    EXPECTATION_THAT_HOLDS_IS_STORED = "a publish whose expectation holds is stored";
    LAST_OF_STREAM_IS_EXPECTED = "a publish that expects the last sequence of the stream is stored if it is that, and refused if not";
    LAST_OF_SUBJECT_IS_EXPECTED = "a publish that expects the last sequence of its subject, 0 for none, is stored if it is that, and refused if not";
    LAST_OF_FILTER_IS_EXPECTED = "a publish that expects the last sequence of a filter, 0 for none, is stored if it is that, and refused if not";
    ACTUAL_IS_TOLD = "a refusal tells the actual last sequence of what the expectation is about, as a number of the stream";
    REFUSED_PUBLISH_STORES_NOTHING = "a publish that is refused stores nothing";
    REFUSALS_ARE_TRUE = "a refusal means that somebody else has published since the read";
    ID_IS_RECOGNISED = "a message with an id that the stream knows is acknowledged as a duplicate of the first and not stored, whatever its subject and body";
    REFUSED_ID_STAYS_UNKNOWN = "the id of a publish that is refused stays unknown";
    NONSENSE_IS_REFUSED = "what is no subject, id or filter is refused as such, and not stored";
    ONE_PUBLISH_WINS = "of concurrent publishes with the same expectation, exactly one is stored and the others are refused with its sequence";
    NO_PUBLISH_IS_LOST = "concurrent publishers who expect what they have read lose none of their messages";
    RETRY_IS_DUPLICATE = "a retry with a known id is a duplicate, also if its expectation does not hold (where the id is looked at first)";
    RETRY_IS_REFUSED = "a retry with a known id is refused if its expectation does not hold (where that is looked at first)";
}

// The window of a stream.
rules! {
    NEW_WINDOW_BEGINS = "a message that is stored again begins a window of its own";
    ID_IS_FORGOTTEN = "an id is forgotten when the window since its message was stored is over, duplicates or not";
    EXPECTATION_OUTLIVES_WINDOW = "an expectation is checked after the window as before";
}

// Logs of records.
rules! {
    NEW_LOG_IS_EMPTY = "a log that nobody has written to has no records";
    PLACE_AFTER_IS_RETURNED = "an append at the end of the log succeeds and returns the place after its last record";
    RECORDS_COME_BACK = "a read returns the records byte for byte as they were appended, oldest first";
    READ_FROM_PLACE = "a read returns the records from its place on, as many as its limit, fewer only where the log ends";
    STALE_PLACE_CONFLICTS = "an append at a place that is taken is a conflict";
    FUTURE_PLACE_CONFLICTS = "an append at a place that the log has not reached is a conflict";
    REFUSED_RECORDS_ARE_NOT_THERE = "an append that is refused leaves none of its records";
    RECORDS_TOGETHER = "a read returns all records of an append or none of them";
    NO_RECORDS_RECORD_NOTHING = "appending no records at the end of the log returns that place and records nothing";
    NO_RECORDS_ARE_CHECKED_TOO = "appending no records at another place is a conflict";
    EQUAL_RECORDS_ARE_KEPT = "a record that equals an earlier one is recorded like any other";
    LOGS_ARE_INDEPENDENT = "an append to one log changes no other";
    ONE_PLACE_ONE_APPEND = "of concurrent appends at the same place, exactly one succeeds and the others are conflicts";
    NO_RECORD_IS_LOST = "concurrent writers who append at the end that they have read lose none of their records";
}

// Services.
rules! {
    NEW_KEY_IS_DONE = "a call with a new idempotency key succeeds";
    REPEATED_CALL_SAME_REFERENCE = "another call with the same key and request is answered with the reference of the first";
    KEY_IS_FOR_ONE_REQUEST = "a call with a key that was used for another request is refused, as a key that is reused";
    REFUSED_CALL_CHANGES_NOTHING = "a call that is refused does nothing, and its key stays what it was";
    KEYS_ARE_APART = "under another key, however similar, the same is done again, under a reference of its own";
    TWINS_SHARE_A_REFERENCE = "concurrent calls with the same key and request are answered with the same reference";
    ONE_REQUEST_HAS_THE_KEY = "of concurrent calls with the same key and different requests, one succeeds and the others are refused, then and later";
    DONE_ONCE = "as long as a key is remembered, what is asked under it is done once";
    KEY_IS_REMEMBERED = "a key is remembered, with reference and request, until its time is over";
    KEY_IS_FORGOTTEN_AFTER = "once the time of a key is over, counted from when something was done, a call with it does something again, under another reference";
}
