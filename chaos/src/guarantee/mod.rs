//! The guarantee: is what happened equivalent to some sequential execution in
//! which each message is processed exactly once?
//!
//! Pure: evidence in, [judgement](judgement::Judgement) out. Knows no world, no
//! handler and no search, only the law's vocabulary in [`ports::law`].

pub(crate) mod causes;
pub(crate) mod checker;
pub(crate) mod contents;
pub(crate) mod diagnosis;
pub(crate) mod judgement;
pub(crate) mod lots;
