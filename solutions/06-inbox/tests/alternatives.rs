//! Right answers in other styles. None of them may be flagged.

use closing::{Closing, Dialogue};

#[path = "../alternatives/cleans_up_until_it_is_clean.rs"]
mod cleans_up_until_it_is_clean;
#[path = "../alternatives/goes_on_from_the_second_look.rs"]
mod goes_on_from_the_second_look;
#[path = "../alternatives/has_another_layout.rs"]
mod has_another_layout;
#[path = "../alternatives/marks_only_once.rs"]
mod marks_only_once;
mod support;
use support::{Make, searches};

/// The searches of the exercise.
fn holds(orders: Make, loyalty: Make) {
    for search in searches(orders, loyalty) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| support::bounded(support::only_orders(orders))).all();
}

#[test]
fn cleans_up_until_it_is_clean() {
    holds(cleans_up_until_it_is_clean::orders, cleans_up_until_it_is_clean::loyalty);
}

#[test]
fn goes_on_from_the_second_look() {
    holds(goes_on_from_the_second_look::orders, goes_on_from_the_second_look::loyalty);
}

#[test]
fn has_another_layout() {
    holds(has_another_layout::orders, has_another_layout::loyalty);
}

#[test]
fn marks_only_once() {
    holds(marks_only_once::orders, marks_only_once::loyalty);
}
