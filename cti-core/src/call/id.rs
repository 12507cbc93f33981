//! Names of things: calls, events, extensions.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::sync::Arc;

/// A string that names something, cheap to clone.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name_type! {
    /// The identity of a call: `<pbx name>/<native id>`. It never changes and is never used again.
    ///
    /// ```
    /// let call = cti_core::call::CallId::new("main", "1795225659.77");
    /// assert_eq!(call.as_str(), "main/1795225659.77");
    /// assert_eq!((call.pbx(), call.native()), ("main", "1795225659.77"));
    /// ```
    CallId
}

name_type! {
    /// The identity of an event, made only from facts of the PBX, so that every reader of the same PBX gives
    /// the same fact the same id: `main/1795225659.77#ringing:1795225660.78`.
    EventId
}

name_type! {
    /// The number of a telephone inside the company, as text: leading zeros, `*` and `#` survive.
    Extension
}

impl Extension {
    /// The longest extension that is read from JSON, in characters.
    pub const MAX: usize = 64;
}

/// Text of our own making: it was bounded where it was made.
macro_rules! read_as_it_is {
    ($name:ident) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

read_as_it_is!(CallId);
read_as_it_is!(EventId);

/// What comes as JSON is chosen by strangers: control characters are dropped, and what is too long for any telephone is
/// refused.
impl<'de> Deserialize<'de> for Extension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let clean: String = text.chars().filter(|c| !c.is_control()).take(Self::MAX + 1).collect();
        if clean.chars().count() > Self::MAX {
            return Err(D::Error::custom(format_args!("an extension has {} characters at most", Self::MAX)));
        }
        Ok(Self::from(clean))
    }
}

impl CallId {
    /// The id of the call that the PBX named `pbx` calls `native`.
    pub fn new(pbx: &str, native: &str) -> Self {
        Self(format!("{pbx}/{native}").into())
    }

    /// The name of the PBX, as configured.
    pub fn pbx(&self) -> &str {
        self.0.split_once('/').map_or("", |(pbx, _)| pbx)
    }

    /// What the PBX itself calls the call.
    pub fn native(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, native)| native)
    }
}

impl EventId {
    /// The id of the fact `what` (`ended`, `ringing:<leg>`, `held:<leg>:2`) of a call.
    pub fn of(call: &CallId, what: &str) -> Self {
        Self(format!("{call}#{what}").into())
    }
}
