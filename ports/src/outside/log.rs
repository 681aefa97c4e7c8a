//! A log of opaque records, one state for each log.

use async_trait::async_trait;

use super::{Model, NoAnswer, Turn, Wire};
use crate::{RecordLog, Snapshot, StoreError};

/// See [`RecordLog`].
///
/// A state, and a reply to a read, is the records one after the other, each
/// after its length (four bytes, little endian). A request to read is `r`,
/// place and limit; one to append is `a`, the place and the records. The reply
/// to an append is one byte: 1 for done, 0 for a conflict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogModel;

const READ: u8 = b'r';
const APPEND: u8 = b'a';
const DONE: &[u8] = &[1];
const CONFLICT: &[u8] = &[0];

impl LogModel {
    /// The records in a state, oldest first.
    pub fn records(state: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut rest = state;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (record, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            rest = after;
            Some(record)
        })
    }

    fn push(state: &mut Vec<u8>, record: &[u8]) {
        let length = u32::try_from(record.len()).expect("a record is shorter than 4 GiB");
        state.extend_from_slice(&length.to_le_bytes());
        state.extend_from_slice(record);
    }

    fn parse(request: &[u8]) -> (u8, u64, &[u8]) {
        let (kind, rest) = request.split_first().expect("a request says what it is");
        let (place, rest) = rest.split_first_chunk::<8>().expect("a request names a place");
        (*kind, u64::from_le_bytes(*place), rest)
    }
}

impl Model for LogModel {
    fn answer(&self, state: &[u8], request: &[u8]) -> Turn {
        let answered = |reply| Turn { reply, state: None, refused: false, remembers: None };
        let (kind, place, rest) = Self::parse(request);
        if kind == READ {
            let limit = u64::from_le_bytes(rest.try_into().expect("a read has a limit"));
            let [place, limit] = [place, limit].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
            let mut reply = Vec::new();
            for record in Self::records(state).skip(place).take(limit) {
                Self::push(&mut reply, record);
            }
            return answered(reply);
        }
        if Self::records(state).count() as u64 != place {
            return Turn { refused: true, ..answered(CONFLICT.to_vec()) };
        }
        let state = (!rest.is_empty()).then(|| [state, rest].concat());
        Turn { state, ..answered(DONE.to_vec()) }
    }

    fn refuses_for_ever(&self, state: &[u8], request: &[u8]) -> bool {
        let (kind, place, _) = Self::parse(request);
        kind == APPEND && Self::records(state).count() as u64 > place
    }

    fn show(&self, snapshot: &mut Snapshot, _name: &str, key: &str, state: &[u8]) {
        snapshot.insert_log(key, Self::records(state).map(<[u8]>::to_vec).collect());
    }

    fn say_request(&self, request: &[u8]) -> String {
        Self::request_in_words(request, &plainly)
    }

    fn say_reply(&self, reply: &[u8]) -> String {
        Self::reply_in_words(reply, &plainly)
    }
}

impl LogModel {
    fn request_in_words(request: &[u8], in_words: &dyn Fn(&[u8]) -> String) -> String {
        let (kind, place, rest) = Self::parse(request);
        if kind == READ {
            let from = if place == 0 { String::new() } else { format!(" from {place} on") };
            format!("reads the log{from}")
        } else {
            let records: Vec<String> = Self::records(rest).map(in_words).collect();
            format!("appends {} as record {place}", records.join(" and "))
        }
    }

    fn reply_in_words(reply: &[u8], in_words: &dyn Fn(&[u8]) -> String) -> String {
        if reply == CONFLICT {
            return "conflict, the log has moved on".to_owned();
        }
        let records: Vec<String> = Self::records(reply).map(in_words).collect();
        match (reply, records.as_slice()) {
            (DONE, _) => String::new(),
            (_, []) => "empty".to_owned(),
            (_, [.., last]) => format!("{} records, the last is {last}", records.len()),
        }
    }
}

/// A record that is text; or how long it is.
fn plainly(record: &[u8]) -> String {
    match std::str::from_utf8(record) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} bytes", record.len()),
    }
}

/// A [`LogModel`] whose records somebody can put into words.
pub struct ToldLogs<F>(pub F);

impl<F: Fn(&[u8]) -> Option<String> + Send + Sync> ToldLogs<F> {
    fn in_words(&self, record: &[u8]) -> String {
        (self.0)(record).unwrap_or_else(|| plainly(record))
    }
}

impl<F: Fn(&[u8]) -> Option<String> + Send + Sync> Model for ToldLogs<F> {
    fn answer(&self, state: &[u8], request: &[u8]) -> Turn {
        LogModel.answer(state, request)
    }

    fn refuses_for_ever(&self, state: &[u8], request: &[u8]) -> bool {
        LogModel.refuses_for_ever(state, request)
    }

    fn show(&self, snapshot: &mut Snapshot, name: &str, key: &str, state: &[u8]) {
        LogModel.show(snapshot, name, key, state);
    }

    fn say_request(&self, request: &[u8]) -> String {
        LogModel::request_in_words(request, &|record| self.in_words(record))
    }

    fn say_reply(&self, reply: &[u8]) -> String {
        LogModel::reply_in_words(reply, &|record| self.in_words(record))
    }
}

/// The port over a [`Wire`] to a [`LogModel`].
pub struct LogClient<W>(pub W);

#[async_trait]
impl<W: Wire> RecordLog for LogClient<W> {
    async fn read(&self, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let request = [&[READ][..], &from.to_le_bytes(), &(limit as u64).to_le_bytes()].concat();
        let reply = self.0.ask(log, request, false).await.map_err(no_answer)?;
        Ok(LogModel::records(&reply).map(<[u8]>::to_vec).collect())
    }

    async fn append(&self, log: &str, expected: u64, records: Vec<Vec<u8>>) -> Result<u64, StoreError> {
        let mut request = [&[APPEND][..], &expected.to_le_bytes()].concat();
        for record in &records {
            LogModel::push(&mut request, record);
        }
        let reply = self.0.ask(log, request, true).await.map_err(no_answer)?;
        if reply == CONFLICT {
            return Err(StoreError::Conflict { key: log.to_owned() });
        }
        Ok(expected + records.len() as u64)
    }
}

fn no_answer(error: NoAnswer) -> StoreError {
    match error {
        NoAnswer::Unavailable => StoreError::Unavailable,
        NoAnswer::NoReply => StoreError::NoReply,
    }
}
