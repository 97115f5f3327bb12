//! Random queries: relations, joins, groups, set operations, ranks, and subqueries wherever an
//! expression is.

use millstream_testing::Random;

use crate::ast::{
    Body, Expr, Form, Group, Join, Query, Ranked, Relation, Select, Sets, Source, Type,
};

/// What a query is made from.
pub struct Generator<'a> {
    pub random: &'a mut Random,
    /// The columns that can be named, those of the innermost SELECT last.
    pub scopes: Vec<Scope>,
    /// Whether columns of the queries around may be named.
    pub outer: bool,
    /// Whether columns may be written without their relation.
    pub bare: bool,
    pub subqueries_allowed: bool,
    /// Tables and common table expressions with their columns.
    tables: Vec<(String, Vec<(String, Type)>)>,
    /// How many queries may still be made.
    budget: u32,
    /// How deep the query that is made is inside of others.
    level: u32,
    next: u32,
}

/// What can be named in a SELECT.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Columns, or the keys it is grouped by.
    pub columns: Vec<Expr>,
    /// Those that its subqueries can name.
    pub visible: Vec<Expr>,
    /// The columns before they are grouped, if they are.
    pub grouped: Option<Vec<Expr>>,
}

const LEVEL_MAX: u32 = 4;

impl<'a> Generator<'a> {
    pub fn new(random: &'a mut Random, tables: Vec<(String, Vec<(String, Type)>)>) -> Self {
        // Some queries have derived tables only: what is wrong without subqueries is found too.
        let subqueries_allowed = random.below(4) > 0;
        let budget =
            if subqueries_allowed { 1 + random.below(6) } else { 3 + random.below(6) } as u32;
        Self {
            random,
            scopes: Vec::new(),
            outer: true,
            bare: true,
            subqueries_allowed,
            tables,
            budget,
            level: 0,
            next: 0,
        }
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len() as u64) as usize]
    }

    pub fn any_type(&mut self) -> Type {
        self.pick(&[Type::BigInt, Type::BigInt, Type::Int, Type::Text, Type::Text, Type::Bool])
    }

    pub fn subqueries(&self) -> bool {
        self.subqueries_allowed && self.budget > 0 && self.level < LEVEL_MAX
    }

    fn number_of(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// The whole query.
    pub fn whole(&mut self) -> Query {
        let mut with = Vec::new();
        if self.below(5) == 0 {
            for at in 0..1 + self.below(2) {
                let types = self.types();
                let query = self.query(Some(&types));
                let name = format!("w{at}");
                let columns = query.names().into_iter().zip(types).collect();
                self.tables.push((name.clone(), columns));
                with.push((name, query));
            }
            self.budget = self.budget.max(2);
        }
        let mut query = self.query(None);
        query.with = with;
        query
    }

    fn types(&mut self) -> Vec<Type> {
        (0..1 + self.below(3)).map(|_| self.any_type()).collect()
    }

    /// A query whose columns have these types, or any.
    fn query(&mut self, types: Option<&[Type]>) -> Query {
        let any = self.types();
        let types = types.unwrap_or(&any);
        self.level += 1;
        self.budget = self.budget.saturating_sub(1);
        let free = self.scopes.is_empty();
        let more = self.budget > 0 && self.level < LEVEL_MAX;
        let body = match self.below(20) {
            0..=3 if more => {
                self.budget = self.budget.saturating_sub(1);
                let left = Box::new(self.query(Some(types)));
                let right = Box::new(self.query(Some(types)));
                let operator = self.pick(&["UNION", "UNION", "INTERSECT", "EXCEPT"]);
                Body::Set { operator, all: self.below(2) == 0, left, right }
            }
            4 | 5 if free => self.ranked(types),
            6 if free => {
                let query = Box::new(self.query(Some(types)));
                let descending = types.iter().map(|_| self.below(3) == 0).collect();
                let alias = format!("a{}", self.number_of());
                Body::Limited { alias, query, descending, count: 1 + self.below(4) }
            }
            _ => Body::Select(Box::new(self.select(types, false))),
        };
        self.level -= 1;
        Query { with: Vec::new(), body }
    }

    fn ranked(&mut self, types: &[Type]) -> Body {
        let function = self.pick(&["ROW_NUMBER", "ROW_NUMBER", "RANK", "DENSE_RANK"]);
        // The number itself can be the last column.
        let shown = types.len() > 1 && types.last() == Some(&Type::BigInt) && self.below(2) == 0;
        let inner = if shown { &types[..types.len() - 1] } else { types };
        let query = self.query(Some(inner));
        let positions = || 0..inner.len();
        let partition: Vec<usize> = positions().filter(|_| self.below(3) == 0).collect();
        let mut order: Vec<(usize, bool)> =
            positions().map(|at| (at, self.below(3) == 0)).collect();
        if function != "ROW_NUMBER" {
            let kept = 1 + self.below(order.len() as u64) as usize;
            order.truncate(kept);
        }
        let alias = format!("a{}", self.number_of());
        let most = 1 + self.below(3);
        let number = format!("c{}", inner.len());
        let ranked = Ranked { alias, query, function, partition, order, most, number, shown };
        Body::Ranked(Box::new(ranked))
    }

    /// A subquery in EXISTS or IN.
    pub fn subquery(&mut self, types: Option<&[Type]>) -> Query {
        self.query(types)
    }

    /// A subquery of one row.
    pub fn scalar_subquery(&mut self, ty: Type) -> Query {
        self.level += 1;
        self.budget = self.budget.saturating_sub(1);
        let select = self.select(&[ty], true);
        self.level -= 1;
        Query::select(select)
    }

    fn select(&mut self, types: &[Type], scalar: bool) -> Select {
        let number = self.number_of();
        let (from, columns) = self.from();
        let correlates = !self.scopes.is_empty();
        self.scopes.push(Scope { visible: columns.clone(), columns, grouped: None });
        let mut filter = (self.below(5) < 2).then(|| self.condition(2));
        if correlates
            && self.below(10) < 6
            && let Some(correlation) = self.correlation()
        {
            filter = Some(match filter {
                Some(filter) if self.below(2) == 0 => both(filter, correlation),
                Some(filter) if self.below(6) == 0 => {
                    Expr::infix("OR", Type::Bool, correlation, filter)
                }
                Some(filter) if self.below(3) == 0 => both(correlation, filter),
                _ => correlation,
            });
        }
        let group = (scalar || self.below(20) < 7).then(|| self.group(scalar));
        if let Some(group) = &group {
            self.regroup(number, group);
        }
        let global = group.as_ref().is_some_and(|group| group.keys.is_empty());
        let mut items = Vec::new();
        for (at, ty) in types.iter().enumerate() {
            let mut item = self.expr(*ty, 2);
            if at == 0 && global && !item.aggregates() {
                item = self.aggregated(*ty);
            }
            items.push((format!("c{at}"), item));
        }
        let having = (group.is_some() && self.below(if scalar { 12 } else { 4 }) == 0)
            .then(|| self.condition(1));
        self.scopes.pop();
        let distinct = group.is_none() && self.below(6) == 0;
        Select { number, distinct, items, from, filter, group, having }
    }

    /// An item that surely aggregates.
    fn aggregated(&mut self, ty: Type) -> Expr {
        if let Some(aggregate) = self.aggregate(ty) {
            return aggregate;
        }
        let count = Expr::new(
            Form::Aggregate { name: "COUNT", distinct: false, filtered: false },
            Type::BigInt,
            Vec::new(),
        );
        let bound = self.literal(Type::BigInt);
        let many = Expr::infix(">", Type::Bool, count, bound);
        if ty == Type::Bool {
            return many;
        }
        let (then, otherwise) = (self.literal(ty), self.literal(ty));
        Expr::new(Form::Case, ty, vec![many, then, otherwise])
    }

    /// A condition that ties a subquery to a query around it.
    fn correlation(&mut self) -> Option<Expr> {
        let inner = self.scopes.len() - 1;
        // Most often the query around, seldom one further out.
        let at = match self.below(5) {
            0 => self.below(inner as u64) as usize,
            _ => inner - 1,
        };
        let outer = self.pick_visible(at)?;
        let ty = outer.ty;
        let own =
            self.column_of(inner, ty).or_else(|| self.scopes[inner].columns.first().cloned())?;
        if own.ty != ty && !(ty.takes(own.ty) || own.ty.takes(ty)) {
            return None;
        }
        let number = matches!(ty, Type::Int | Type::BigInt);
        let (mut left, mut right) = (own, outer);
        if number && self.below(5) == 0 {
            let one = self.literal(ty);
            left = Expr::infix("+", left.ty, left, one);
        }
        if number && self.below(6) == 0 {
            let one = self.literal(ty);
            right = Expr::infix("-", right.ty, right, one);
        }
        let operator = match self.below(10) {
            _ if ty == Type::Bool => "=",
            0 => "<",
            1 => ">=",
            2 => "<>",
            3 => "IS NOT DISTINCT FROM",
            _ => "=",
        };
        if self.below(2) == 0 {
            std::mem::swap(&mut left, &mut right);
        }
        let operator = if operator == "<" && self.below(2) == 0 { ">" } else { operator };
        Some(Expr::infix(operator, Type::Bool, left, right))
    }

    fn pick_visible(&mut self, at: usize) -> Option<Expr> {
        let visible = &self.scopes[at].visible;
        if visible.is_empty() {
            return None;
        }
        Some(visible[self.random.below(visible.len() as u64) as usize].clone())
    }

    fn group(&mut self, scalar: bool) -> Group {
        let mut keys = Vec::new();
        let count = if scalar || self.below(5) == 0 { 0 } else { 1 + self.below(2) };
        let outer = std::mem::replace(&mut self.outer, false);
        let subqueries = std::mem::replace(&mut self.subqueries_allowed, false);
        let bare = std::mem::replace(&mut self.bare, false);
        for key in 0..count {
            let ty = self.any_type();
            let depth = u32::from(self.below(3) == 0);
            let mut expr = self.expr(ty, depth);
            if expr.free().is_empty() {
                // A literal would be the position of a column.
                expr = self
                    .scopes
                    .last()
                    .and_then(|scope| scope.columns.first().cloned())
                    .unwrap_or(expr);
            }
            // The same key twice is rare.
            if keys.iter().all(|(_, other)| *other != expr) || self.below(20) == 0 {
                keys.push((key as u32, expr));
            }
        }
        (self.outer, self.subqueries_allowed, self.bare) = (outer, subqueries, bare);
        // A key that stands in a set twice is in it once: which one a set leaves out would not be known.
        let distinct = keys
            .iter()
            .enumerate()
            .all(|(at, (_, key))| keys[..at].iter().all(|(_, other): &(u32, Expr)| other != key));
        let sets = match self.below(6) {
            0 if distinct && !keys.is_empty() && self.scopes.len() == 1 => {
                Some(match self.below(3) {
                    0 => Sets::Rollup,
                    1 => Sets::Cube,
                    _ => self.listed_sets(&keys),
                })
            }
            _ => None,
        };
        Group { keys, sets }
    }

    /// Some sets of keys; each key is in one of them.
    fn listed_sets(&mut self, keys: &[(u32, Expr)]) -> Sets {
        let mut sets: Vec<Vec<u32>> = Vec::new();
        for _ in 0..1 + self.below(3) {
            let chosen = keys.iter().filter(|_| self.random.below(2) == 0);
            sets.push(chosen.map(|(key, _)| *key).collect());
        }
        let left: Vec<u32> = keys
            .iter()
            .map(|(key, _)| *key)
            .filter(|key| !sets.iter().any(|set| set.contains(key)))
            .collect();
        if !left.is_empty() {
            sets.push(left);
        }
        Sets::Listed(sets)
    }

    /// From here on only keys and aggregates can be named.
    fn regroup(&mut self, number: u32, group: &Group) {
        let keys: Vec<(Expr, bool)> = group
            .keys
            .iter()
            .map(|(key, expr)| {
                let plain = matches!(expr.form, Form::Column { .. });
                (Expr::new(Form::Key { select: number, key: *key }, expr.ty, Vec::new()), plain)
            })
            .collect();
        let Some(scope) = self.scopes.last_mut() else { return };
        let rows = std::mem::take(&mut scope.columns);
        scope.visible =
            keys.iter().filter(|(_, plain)| *plain).map(|(key, _)| key.clone()).collect();
        scope.columns = keys.into_iter().map(|(key, _)| key).collect();
        scope.grouped = Some(rows);
    }

    fn from(&mut self) -> (Vec<Join>, Vec<Expr>) {
        let (first, mut columns) = self.relation();
        let mut from = vec![Join { kind: "", relation: first, on: None }];
        let joins = [0, 0, 0, 1, 1, 1, 2][self.below(7) as usize];
        for _ in 0..joins {
            let kind =
                self.pick(&["INNER", "INNER", "INNER", "LEFT", "LEFT", "RIGHT", "FULL", "CROSS"]);
            let (relation, new) = self.relation();
            let on = (kind != "CROSS").then(|| self.on(kind, &columns, &new));
            columns.extend(new);
            from.push(Join { kind, relation, on });
        }
        (from, columns)
    }

    /// The condition of a join.
    fn on(&mut self, kind: &str, left: &[Expr], right: &[Expr]) -> Expr {
        let mut equalities = Vec::new();
        for _ in 0..[0, 1, 1, 1, 2][self.below(5) as usize] {
            let one = &left[self.random.below(left.len() as u64) as usize];
            let fits = |other: &&Expr| one.ty.takes(other.ty) || other.ty.takes(one.ty);
            let fitting: Vec<&Expr> = right.iter().filter(fits).collect();
            if !fitting.is_empty() {
                let other = fitting[self.random.below(fitting.len() as u64) as usize];
                let operator = ["=", "IS NOT DISTINCT FROM"][usize::from(self.below(8) == 0)];
                equalities.push(Expr::infix(operator, Type::Bool, one.clone(), other.clone()));
            }
        }
        let columns: Vec<Expr> = left.iter().chain(right).cloned().collect();
        self.scopes.push(Scope { visible: columns.clone(), columns, grouped: None });
        let subqueries = self.subqueries_allowed;
        self.subqueries_allowed = subqueries && kind == "INNER" && self.below(3) == 0;
        let names_outer = kind == "INNER" && self.below(3) == 0;
        let outer = std::mem::replace(&mut self.outer, names_outer);
        let bare = std::mem::replace(&mut self.bare, false);
        if equalities.is_empty() || self.below(4) == 0 {
            equalities.push(self.condition(1));
        }
        (self.outer, self.subqueries_allowed, self.bare) = (outer, subqueries, bare);
        self.scopes.pop();
        equalities.into_iter().reduce(both).unwrap_or_else(|| self.literal(Type::Bool))
    }

    /// A relation and its columns.
    fn relation(&mut self) -> (Relation, Vec<Expr>) {
        let alias = format!("a{}", self.number_of());
        let derived = self.budget > 0 && self.level < LEVEL_MAX && self.below(4) == 0;
        let (source, columns) = if derived {
            // Mostly it names nothing of the queries around.
            let apart = self.scopes.is_empty() || self.below(4) > 0;
            let scopes = if apart { std::mem::take(&mut self.scopes) } else { Vec::new() };
            let outer = std::mem::replace(&mut self.outer, true);
            let types = self.types();
            let query = self.query(Some(&types));
            if apart {
                self.scopes = scopes;
            }
            self.outer = outer;
            let columns = query.names().into_iter().zip(types).collect();
            (Source::Query(Box::new(query)), columns)
        } else {
            let at = self.below(self.tables.len() as u64) as usize;
            let (name, columns) = self.tables[at].clone();
            (Source::Table(name), columns)
        };
        let columns: Vec<(String, Type)> = columns;
        let columns = columns.into_iter().map(|(name, ty)| {
            let form = Form::Column { relation: alias.clone(), name, bare: false };
            Expr::new(form, ty, Vec::new())
        });
        let columns = columns.collect();
        (Relation { alias, source }, columns)
    }
}

fn both(left: Expr, right: Expr) -> Expr {
    Expr::infix("AND", Type::Bool, left, right)
}
