//! A worker dies.

use super::scene::{ChoiceKind, Goes, Scene, Strike, Which};
use super::{Monkey, Trick};

/// A worker dies, at a point of your choice.
pub struct Crash;

/// A point in a handler's work. The numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The n-th write to a store.
    Write(usize),
    /// The n-th output.
    Publish(usize),
    /// The acknowledgement.
    Ack,
}

impl Crash {
    /// Just before this point of [this message](Which).
    #[must_use]
    pub fn before(point: Point, message: impl Into<Which>) -> Monkey {
        let dies = Dies { message: message.into(), point, goes: Goes::CrashBefore };
        Monkey::new(format!("CrashBefore({point:?})"), dies)
    }

    /// Just after this point of [this message](Which).
    /// There is nothing after the acknowledgement that could be lost.
    #[must_use]
    pub fn after(point: Point, message: impl Into<Which>) -> Monkey {
        let dies = Dies { message: message.into(), point, goes: Goes::CrashAfter };
        Monkey::new(format!("CrashAfter({point:?})"), dies)
    }
}

#[derive(Clone)]
struct Dies {
    message: Which,
    point: Point,
    goes: Goes,
}

impl Trick for Dies {
    fn strike(&mut self, scene: Scene<'_>) -> Option<Strike> {
        let dies = scene.find_of(&self.message, |choice| {
            choice.goes() == self.goes
                && match (self.point, choice.kind()) {
                    (Point::Write(n), ChoiceKind::Write) => choice.number() == n,
                    (Point::Publish(n), ChoiceKind::Publish | ChoiceKind::Dispatch) => choice.number() == n,
                    (Point::Ack, ChoiceKind::Ack) => true,
                    _ => false,
                }
        })?;
        Some(dies.strike())
    }
}
