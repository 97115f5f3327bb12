//! Random expressions of a type, over the columns in scope.

use crate::ast::{Expr, Form, Type, Value};
use crate::generate::{Generator, Scope};
use crate::tables::value;

const NUMBERS: [Type; 2] = [Type::BigInt, Type::Int];
const COMPARISONS: [&str; 8] = ["=", "=", "=", "<>", "<", "<=", ">", ">="];

impl Generator<'_> {
    /// An expression; with a depth of 0 a column or a literal.
    pub fn expr(&mut self, ty: Type, depth: u32) -> Expr {
        if depth == 0 || self.below(5) == 0 {
            return self.leaf(ty);
        }
        if self.subqueries() && self.below(7) == 0 {
            let query = self.scalar_subquery(ty);
            return Expr::of_query(Form::Scalar, ty, Vec::new(), query);
        }
        match self.below(8) {
            0 => self.case(ty, depth - 1),
            1 => {
                let args = (0..2 + self.below(2)).map(|_| self.expr(ty, depth - 1)).collect();
                Expr::new(Form::Call("COALESCE"), ty, args)
            }
            2 => {
                let args = vec![self.expr(ty, depth - 1), self.expr(ty, depth - 1)];
                Expr::new(Form::Call("NULLIF"), ty, args)
            }
            _ => match ty {
                Type::Int | Type::BigInt => self.number(ty, depth - 1),
                Type::Text => self.text(depth - 1),
                Type::Bool => self.condition(depth - 1),
            },
        }
    }

    fn case(&mut self, ty: Type, depth: u32) -> Expr {
        let mut args = Vec::new();
        for _ in 0..1 + self.below(2) {
            args.push(self.condition(depth));
            args.push(self.expr(ty, depth));
        }
        args.push(self.expr(ty, depth));
        Expr::new(Form::Case, ty, args)
    }

    fn leaf(&mut self, ty: Type) -> Expr {
        if self.scopes.last().is_some_and(|scope| scope.grouped.is_some())
            && self.below(2) == 0
            && let Some(aggregate) = self.aggregate(ty)
        {
            return aggregate;
        }
        match self.below(5) {
            0 => self.literal(ty),
            _ => self.column(ty).unwrap_or_else(|| self.literal(ty)),
        }
    }

    /// A literal, seldom NULL.
    pub fn literal(&mut self, ty: Type) -> Expr {
        let mut literal = value(self.random, ty);
        if literal == Value::Null && self.below(2) == 0 {
            literal = value(self.random, ty);
        }
        Expr::literal(literal, ty)
    }

    /// A column in scope, mostly of the SELECT that it is for.
    pub fn column(&mut self, ty: Type) -> Option<Expr> {
        if self.scopes.is_empty() {
            return None;
        }
        let inner = self.scopes.len() - 1;
        let outer = inner > 0 && self.outer && self.below(6) == 0;
        let at = if outer { self.below(inner as u64) as usize } else { inner };
        self.column_of(at, ty)
    }

    /// A column of one of the scopes.
    pub fn column_of(&mut self, at: usize, ty: Type) -> Option<Expr> {
        let exact = self.below(6) > 0;
        let own = at + 1 == self.scopes.len();
        let scope = &self.scopes[at];
        let columns = if own { &scope.columns } else { &scope.visible };
        let fits = |column: &&Expr| column.ty == ty || (!exact && ty.takes(column.ty));
        let fitting: Vec<Expr> = columns.iter().filter(fits).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let mut column = fitting[self.random.below(fitting.len() as u64) as usize].clone();
        let bare = own && self.bare && self.below(4) == 0;
        if let Form::Column { name, bare: without, .. } = &mut column.form {
            let same =
                |other: &&Expr| matches!(&other.form, Form::Column { name: n, .. } if n == name);
            *without = bare && self.scopes[at].columns.iter().filter(same).count() == 1;
        }
        Some(column)
    }

    fn number(&mut self, ty: Type, depth: u32) -> Expr {
        match self.below(10) {
            0..=2 => {
                let operator = ["+", "-"][self.below(2) as usize];
                let (left, right) = (self.expr(ty, depth), self.expr(ty, depth));
                Expr::infix(operator, ty, left, right)
            }
            3 => {
                let (left, factor) = (self.expr(ty, depth), self.constant(ty));
                Expr::infix("*", ty, left, factor)
            }
            4 => {
                let (left, right) = (self.expr(ty, depth), self.leaf(ty));
                let small = |of, most| {
                    let most = Expr::literal(Value::Number(most), ty);
                    Expr::infix("%", ty, of, most)
                };
                Expr::infix("*", ty, small(left, 7), small(right, 5))
            }
            5 => {
                let operator = ["/", "%"][self.below(2) as usize];
                let (left, divisor) = (self.expr(ty, depth), self.constant(ty));
                Expr::infix(operator, ty, left, divisor)
            }
            6 => Expr::new(Form::Call("ABS"), ty, vec![self.expr(ty, depth)]),
            7 => Expr::new(Form::Prefix("-"), ty, vec![self.expr(ty, depth)]),
            8 if ty == Type::BigInt => Expr::new(Form::Cast, ty, vec![self.expr(Type::Int, depth)]),
            8 => Expr::new(Form::Call("CHAR_LENGTH"), ty, vec![self.expr(Type::Text, depth)]),
            _ => self.leaf(ty),
        }
    }

    /// A number that can be divided by.
    fn constant(&mut self, ty: Type) -> Expr {
        let number = [-2, -1, 1, 2, 3, 3][self.below(6) as usize];
        Expr::literal(Value::Number(number), ty)
    }

    fn text(&mut self, depth: u32) -> Expr {
        let ty = Type::Text;
        match self.below(5) {
            0 | 1 => {
                let (left, right) = (self.expr(ty, depth), self.leaf(ty));
                Expr::infix("||", ty, left, right)
            }
            2 => Expr::new(Form::Call("UPPER"), ty, vec![self.expr(ty, depth)]),
            3 => Expr::new(Form::Call("LOWER"), ty, vec![self.expr(ty, depth)]),
            _ => {
                let number = self.pick(&NUMBERS);
                Expr::new(Form::Cast, ty, vec![self.expr(number, depth)])
            }
        }
    }

    /// A condition, of no literal alone.
    pub fn condition(&mut self, depth: u32) -> Expr {
        if self.subqueries() && self.below(4) == 0 {
            return self.of_rows(depth);
        }
        match self.below(13) {
            pick @ 0..=3 if depth > 0 => self.connective(pick, depth - 1),
            _ => self.predicate(depth.saturating_sub(1)),
        }
    }

    /// AND, OR, NOT, and whether a condition is true, false or unknown.
    fn connective(&mut self, pick: u64, depth: u32) -> Expr {
        const TRUTHS: [&str; 6] =
            ["IS TRUE", "IS FALSE", "IS NOT TRUE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"];
        let condition = self.condition(depth);
        match pick {
            0 | 1 => {
                let operator = self.pick(&["AND", "OR", "OR"]);
                Expr::infix(operator, Type::Bool, condition, self.condition(depth))
            }
            2 => Expr::new(Form::Prefix("NOT"), Type::Bool, vec![condition]),
            _ => Expr::new(Form::Suffix(self.pick(&TRUTHS)), Type::Bool, vec![condition]),
        }
    }

    /// A condition about values.
    fn predicate(&mut self, below: u32) -> Expr {
        let ty = Type::Bool;
        match 4 + self.below(9) {
            4 => {
                let of = self.any_type();
                let operator = ["IS NULL", "IS NOT NULL"][self.below(2) as usize];
                Expr::new(Form::Suffix(operator), ty, vec![self.expr(of, below)])
            }
            5 => {
                let operator = ["IS DISTINCT FROM", "IS NOT DISTINCT FROM"][self.below(2) as usize];
                let of = self.any_type();
                let (left, right) = (self.expr(of, below), self.expr(of, below));
                Expr::infix(operator, ty, left, right)
            }
            6 => {
                let of = self.pick(&NUMBERS);
                let args = (0..3).map(|_| self.expr(of, below)).collect();
                Expr::new(Form::Between { negated: self.below(3) == 0 }, ty, args)
            }
            7 => {
                let of = self.pick(&[Type::BigInt, Type::Int, Type::Text]);
                let mut args = vec![self.expr(of, below)];
                args.extend((0..1 + self.below(3)).map(|_| match self.below(5) {
                    0 => self.leaf(of),
                    _ => self.literal(of),
                }));
                Expr::new(Form::InList { negated: self.below(3) == 0 }, ty, args)
            }
            8 => {
                let pattern = self.pick(&["a%", "%b", "_", "%a%", "", "A%", "_b"]);
                let negated = self.below(3) == 0;
                Expr::new(Form::Like { pattern, negated }, ty, vec![self.expr(Type::Text, below)])
            }
            9 => self.column(ty).unwrap_or_else(|| self.comparison(below)),
            _ => self.comparison(below),
        }
    }

    fn comparison(&mut self, depth: u32) -> Expr {
        let of = match self.below(12) {
            0 => Type::Bool,
            1..=3 => Type::Text,
            4..=6 => Type::Int,
            _ => Type::BigInt,
        };
        let operator = match of {
            Type::Bool => ["=", "<>"][self.below(2) as usize],
            _ => self.pick(&COMPARISONS),
        };
        let (left, right) = (self.expr(of, depth), self.expr(of, depth));
        Expr::infix(operator, Type::Bool, left, right)
    }

    /// A condition about the rows of a subquery.
    fn of_rows(&mut self, depth: u32) -> Expr {
        let negated = self.below(2) == 0;
        if self.below(2) == 0 {
            let query = self.subquery(None);
            return Expr::of_query(Form::Exists { negated }, Type::Bool, Vec::new(), query);
        }
        let several = self.below(8) == 0;
        let types: Vec<Type> = (0..1 + u64::from(several)).map(|_| self.any_type()).collect();
        let args = types.iter().map(|ty| self.expr(*ty, depth.min(1))).collect();
        let query = self.subquery(Some(&types));
        Expr::of_query(Form::Among { negated }, Type::Bool, args, query)
    }

    /// An aggregate of the columns that the SELECT groups, if there is one of the type.
    pub fn aggregate(&mut self, ty: Type) -> Option<Expr> {
        let scope = self.scopes.last()?;
        let columns = scope.grouped.clone()?;
        // Its arguments are of the rows before they are grouped.
        let rows = Scope { visible: columns.clone(), columns, grouped: None };
        let grouped = std::mem::replace(self.scopes.last_mut()?, rows);
        let subqueries = std::mem::replace(&mut self.subqueries_allowed, false);
        let aggregate = self.aggregate_of_rows(ty);
        self.subqueries_allowed = subqueries;
        *self.scopes.last_mut()? = grouped;
        aggregate
    }

    fn aggregate_of_rows(&mut self, ty: Type) -> Option<Expr> {
        let (name, of) = match (ty, self.below(8)) {
            (Type::Bool, _) => return None,
            (Type::Text, pick) => (["MIN", "MAX"][pick as usize % 2], Type::Text),
            (Type::BigInt, 0 | 1) => ("COUNT", self.any_type()),
            (Type::BigInt, 2) => ("*", Type::BigInt),
            (_, pick) => (["SUM", "SUM", "MIN", "MAX", "AVG"][pick as usize % 5], ty),
        };
        let mut args = Vec::new();
        let distinct = name != "*" && matches!((name, self.below(4)), ("COUNT" | "SUM", 0));
        if name != "*" {
            let depth = u32::from(self.below(3) == 0);
            args.push(self.argument(of, depth)?);
        }
        let filtered = self.below(6) == 0;
        if filtered {
            let filter = self.condition(0);
            // With columns from outside alone it would be an aggregate of the query outside.
            args.push(if self.is_local(&filter) { filter } else { self.local_condition() });
        }
        let name = if name == "*" { "COUNT" } else { name };
        Some(Expr::new(Form::Aggregate { name, distinct, filtered }, ty, args))
    }

    /// An argument that has a column of the rows that are aggregated, if there is one of the type.
    fn argument(&mut self, ty: Type, depth: u32) -> Option<Expr> {
        let given = self.expr(ty, depth);
        if self.is_local(&given) {
            return Some(given);
        }
        let own = self.column_of(self.scopes.len() - 1, ty)?;
        Some(match (ty, given.free().is_empty()) {
            (Type::Int | Type::BigInt, false) => Expr::infix("+", ty, own, given),
            _ => own,
        })
    }

    fn local_condition(&mut self) -> Expr {
        let ty = self.scopes.last().and_then(|scope| scope.columns.first()).map(|first| first.ty);
        let column = ty.and_then(|ty| self.column_of(self.scopes.len() - 1, ty));
        let column = column.unwrap_or_else(|| self.literal(Type::BigInt));
        Expr::new(Form::Suffix("IS NOT NULL"), Type::Bool, vec![column])
    }

    /// Whether a column of the innermost scope is in an expression.
    fn is_local(&self, expr: &Expr) -> bool {
        let own = self.scopes.last().map_or(&[][..], |scope| &scope.columns);
        let free = expr.free();
        own.iter().any(|column| column.free().iter().any(|name| free.contains(name)))
    }
}
