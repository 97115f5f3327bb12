//! Every function by name, for one session.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use datafusion_expr::{AggregateUDF, ScalarUDF};

use crate::aggregates::{self, Declaration, UserAggregate, UserDeclaration};
use crate::function::{Adapter, Builtin, UserAdapter, UserFunction};
use crate::{
    arrays, bitmaps, codecs, conditional, decimal, differences, hash, json, maps, maths, nested,
    pattern, periods, printf, strings, temporal, variant,
};

/// The functions of a session: the built-in ones in its time zone, and those of the embedding program.
/// Names are looked up without regard to case.
#[derive(Clone, Default)]
pub struct Registry {
    scalars: BTreeMap<String, Arc<ScalarUDF>>,
    aggregates: BTreeMap<String, Arc<AggregateUDF>>,
    user_names: Vec<String>,
}

/// The built-in scalar functions, family by family.
pub const FAMILIES: &[(&str, &[Builtin])] = &[
    ("Texts", strings::BUILTINS),
    ("Patterns", pattern::BUILTINS),
    ("Formats", printf::BUILTINS),
    ("Encodings and addresses", codecs::BUILTINS),
    ("Hashes", hash::BUILTINS),
    ("JSON", json::BUILTINS),
    ("JSON values", variant::BUILTINS),
    ("Bitmaps", bitmaps::BUILTINS),
    ("Numbers", maths::BUILTINS),
    ("Decimals", decimal::BUILTINS),
    ("Time", temporal::BUILTINS),
    ("Periods", periods::BUILTINS),
    ("Time between", differences::BUILTINS),
    ("Conditions", conditional::BUILTINS),
    ("Collections", nested::BUILTINS),
    ("Arrays", arrays::BUILTINS),
    ("Maps", maps::BUILTINS),
];

/// All built-in scalar functions.
pub fn builtins() -> impl Iterator<Item = &'static Builtin> {
    FAMILIES.iter().flat_map(|(_, builtins)| builtins.iter())
}

impl Registry {
    /// The built-in functions in a session's time zone.
    pub fn new(zone: Tz) -> Self {
        let scalars = builtins()
            .map(|builtin| {
                let function = ScalarUDF::new_from_impl(Adapter::new(builtin, zone));
                (builtin.name.to_owned(), Arc::new(function))
            })
            .collect();
        let aggregates = [aggregates::NAMES, aggregates::WINDOW_NAMES, aggregates::GROUPING_NAMES]
            .into_iter()
            .flatten()
            .chain([&aggregates::SINGLE_VALUE])
            .map(|name| {
                let function = AggregateUDF::new_from_impl(Declaration::new(name));
                ((*name).to_owned(), Arc::new(function))
            })
            .collect();
        Self { scalars, aggregates, user_names: Vec::new() }
    }

    /// Adds a scalar function of the embedding program; it hides a built-in one of the same name.
    pub fn add_scalar(&mut self, function: UserFunction) {
        let name = function.name.to_ascii_uppercase();
        self.user_names.push(name.clone());
        self.scalars.insert(name, Arc::new(ScalarUDF::new_from_impl(UserAdapter::new(function))));
    }

    /// Adds an aggregate function of the embedding program.
    pub fn add_aggregate(&mut self, function: Arc<UserAggregate>) {
        let name = function.name.to_ascii_uppercase();
        self.user_names.push(name.clone());
        let declaration = AggregateUDF::new_from_impl(UserDeclaration::new(function));
        self.aggregates.insert(name, Arc::new(declaration));
    }

    /// A scalar function by name.
    pub fn scalar(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalars.get(&name.to_ascii_uppercase()).cloned()
    }

    /// An aggregate function by name.
    pub fn aggregate(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregates.get(&name.to_ascii_uppercase()).cloned()
    }

    /// The names a person may call, sorted; operators that only look like functions are left out.
    pub fn names(&self) -> Vec<String> {
        let hidden = |name: &str| {
            !self.user_names.iter().any(|user| user == name)
                && builtins()
                    .any(|b| b.name == name && (b.usage.is_empty() || !b.usage.starts_with(name)))
        };
        let scalars = self.scalars.keys().filter(|name| !hidden(name));
        let aggregates = self.aggregates.keys().filter(|name| !name.starts_with('$'));
        let mut names: Vec<String> = scalars.chain(aggregates).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    /// The names of scalar functions.
    pub fn scalar_names(&self) -> Vec<String> {
        self.scalars.keys().cloned().collect()
    }

    /// The names of aggregate functions.
    pub fn aggregate_names(&self) -> Vec<String> {
        self.aggregates.keys().cloned().collect()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry of {} functions", self.scalars.len() + self.aggregates.len())
    }
}
