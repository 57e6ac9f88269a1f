//! Colours by meaning. The streams leave them out where nobody would see them.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

/// Something in a style.
pub(crate) struct Painted<T> {
    style: Style,
    inner: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.inner, self.style)
    }
}

fn coloured<T>(colour: AnsiColor, inner: T) -> Painted<T> {
    Painted { style: colour.on_default(), inner }
}

pub(crate) fn error<T>(inner: T) -> Painted<T> {
    Painted { style: AnsiColor::Red.on_default().bold(), inner }
}

pub(crate) fn warning<T>(inner: T) -> Painted<T> {
    coloured(AnsiColor::Yellow, inner)
}

pub(crate) fn removed<T>(inner: T) -> Painted<T> {
    coloured(AnsiColor::Red, inner)
}

pub(crate) fn added<T>(inner: T) -> Painted<T> {
    coloured(AnsiColor::Green, inner)
}

pub(crate) fn place<T>(inner: T) -> Painted<T> {
    coloured(AnsiColor::Cyan, inner)
}

pub(crate) fn strong<T>(inner: T) -> Painted<T> {
    Painted { style: Style::new().bold(), inner }
}

pub(crate) fn dim<T>(inner: T) -> Painted<T> {
    Painted { style: Style::new().dimmed(), inner }
}
