//! [`Nfa`]: a pattern as a nondeterministic finite automaton.
//!
//! ```text
//! A B+ C     [A] --A--> [B] --B--> [loop] --B--> [loop]
//!                                     :--C and not B--> end
//! ```
//!
//! A state is where a partial match waits for its next row. A row of a variable takes it to another
//! state; what may be left out (`:` above) is passed over without a row, so that a state has the edges of
//! all states behind it that it can pass on to. A greedy quantifier takes precedence: what stands behind
//! it is reached only by rows that are not of its variable. The automaton, with the order of its edges,
//! is that of Flink's CEP library, and so are the matches it finds.

use millstream_plan::{Pattern, Quantifier};

/// Which conditions must be TRUE for a row, and which must not be, by the bits of their variables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Guard {
    holds: u64,
    fails: u64,
}

impl Guard {
    fn of(variable: usize) -> Self {
        Self { holds: 1 << variable, fails: 0 }
    }

    fn and(self, other: Self) -> Self {
        Self { holds: self.holds | other.holds, fails: self.fails | other.fails }
    }

    fn but_not(self, variable: usize) -> Self {
        Self { fails: self.fails | 1 << variable, ..self }
    }

    /// Whether it lets a row through, of which is known whose conditions are TRUE.
    #[inline]
    pub fn admits(self, truths: u64) -> bool {
        truths & self.holds == self.holds && truths & self.fails == 0
    }

    fn is_possible(self) -> bool {
        self.holds & self.fails == 0
    }

    fn variables(self) -> u64 {
        self.holds | self.fails
    }
}

/// A row that a partial match may take next.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    /// The variable that the row becomes one of.
    pub variable: usize,
    /// Which rows.
    pub guard: Guard,
    /// The state that waits for the row behind it; `None` where there is none.
    pub next: Option<usize>,
    /// The match is complete with the row if one of these admits it too.
    pub completes: Vec<Guard>,
}

/// Where a partial match waits for its next row.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The rows it may take.
    pub takes: Vec<Take>,
    /// The variables whose conditions decide that, by their bits.
    pub asks: u64,
}

/// An automaton.
#[derive(Debug)]
pub(crate) struct Nfa {
    /// The states.
    pub states: Vec<State>,
    /// The one that waits for the first row.
    pub start: usize,
}

/// An edge of the graph that the automaton is made of.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// The variable of the row it takes; `None` passes on without a row.
    variable: Option<usize>,
    guard: Guard,
    to: usize,
}

/// The state behind the last row.
const END: usize = 0;

/// The states of a pattern with the edges between them, made from its end to its start.
struct Graph {
    edges: Vec<Vec<Edge>>,
}

impl Graph {
    /// A state that takes one row of a variable, and may be passed over where `over` says to which state.
    fn single(&mut self, variable: usize, to: usize, over: Option<usize>) -> usize {
        let take = Edge { variable: Some(variable), guard: Guard::of(variable), to };
        let pass = over.map(|to| Edge { variable: None, guard: Guard::default(), to });
        self.edges.push(std::iter::once(take).chain(pass).collect());
        self.edges.len() - 1
    }

    /// The first state of a variable, when `behind` is that of what stands behind it.
    fn variable(&mut self, variable: usize, quantifier: Quantifier, behind: usize) -> usize {
        let least = quantifier.least.max(1);
        if quantifier.insists() {
            for edge in &mut self.edges[behind] {
                edge.guard = edge.guard.but_not(variable);
            }
        }
        let mut first = behind;
        match quantifier.most {
            None => {
                first = self.edges.len();
                let pass = Edge { variable: None, guard: Guard::default(), to: behind };
                let again =
                    Edge { variable: Some(variable), guard: Guard::of(variable), to: first };
                self.edges.push(vec![pass, again]);
            }
            Some(most) => {
                for _ in least..most {
                    first = self.single(variable, first, Some(behind));
                }
            }
        }
        for _ in 1..least {
            first = self.single(variable, first, None);
        }
        self.single(variable, first, (quantifier.least == 0).then_some(behind))
    }

    /// The edges that take a row, also of states that are passed on to, each with what must hold on the
    /// way.
    fn reach(&self, state: usize) -> Vec<Edge> {
        let (mut found, mut open) = (Vec::new(), vec![(state, Guard::default())]);
        while let Some((at, so_far)) = open.pop() {
            for edge in &self.edges[at] {
                let guard = so_far.and(edge.guard);
                match edge.variable {
                    Some(_) => found.push(Edge { guard, ..*edge }),
                    None => open.push((edge.to, guard)),
                }
            }
        }
        found.retain(|edge| edge.guard.is_possible());
        found
    }

    /// What must hold for a state to be passed over to the end.
    fn ends(&self, state: usize) -> Vec<Guard> {
        let (mut found, mut open) = (Vec::new(), vec![(state, Guard::default())]);
        while let Some((at, guard)) = open.pop() {
            if at == END {
                found.push(guard);
            }
            let passes = self.edges[at].iter().filter(|edge| edge.variable.is_none());
            open.extend(passes.map(|edge| (edge.to, guard.and(edge.guard))));
        }
        found
    }
}

impl Nfa {
    /// The automaton of a pattern.
    pub fn new(pattern: &Pattern) -> Self {
        let mut graph = Graph { edges: vec![Vec::new()] };
        let mut start = END;
        for (variable, of) in pattern.variables.iter().enumerate().rev() {
            start = graph.variable(variable, of.quantifier, start);
        }
        let states = (0..graph.edges.len()).map(|state| {
            let takes = graph.reach(state).into_iter().filter_map(|edge| {
                let next = (edge.to != END).then_some(edge.to);
                let completes = graph.ends(edge.to);
                Some(Take { variable: edge.variable?, guard: edge.guard, next, completes })
            });
            let takes: Vec<Take> = takes.collect();
            let guards = takes.iter().flat_map(|take| take.completes.iter().chain([&take.guard]));
            State { asks: guards.fold(0, |asks, guard| asks | guard.variables()), takes }
        });
        Self { states: states.collect(), start }
    }
}

#[cfg(test)]
mod tests {
    use millstream_plan::{AfterMatch, PatternCondition, PatternVariable};

    use super::*;

    fn nfa(quantifiers: &[(u32, Option<u32>, bool)]) -> Nfa {
        let variables = quantifiers.iter().map(|(least, most, greedy)| PatternVariable {
            name: String::new(),
            quantifier: Quantifier { least: *least, most: *most, greedy: *greedy },
            condition: PatternCondition::Always,
        });
        let variables = variables.collect();
        Nfa::new(&Pattern { variables, within: None, skip: AfterMatch::ToNextRow })
    }

    /// Which of the rows, each with the variables it may be of, end a match that starts with the first one.
    fn ends(nfa: &Nfa, rows: &[u64]) -> Vec<usize> {
        let (mut open, mut found) = (vec![nfa.start], Vec::new());
        for (row, truths) in rows.iter().enumerate() {
            let mut next = Vec::new();
            for take in open.iter().flat_map(|state| &nfa.states[*state].takes) {
                if take.guard.admits(*truths) {
                    found.extend(take.completes.iter().any(|g| g.admits(*truths)).then_some(row));
                    next.extend(take.next);
                }
            }
            open = next;
        }
        found
    }

    const ONE: (u32, Option<u32>, bool) = (1, Some(1), true);
    const A: u64 = 1;
    const B: u64 = 2;
    const C: u64 = 4;

    #[test]
    fn a_greedy_variable_keeps_its_rows() {
        let greedy = nfa(&[ONE, (1, None, true), ONE]);
        assert_eq!(ends(&greedy, &[A, B, B | C, C]), [3]);
        let reluctant = nfa(&[ONE, (1, None, false), ONE]);
        assert_eq!(ends(&reluctant, &[A, B, B | C, C]), [2, 3]);
    }

    #[test]
    fn a_variable_comes_as_often_as_it_may() {
        let bounded = nfa(&[ONE, (0, Some(2), false), ONE]);
        assert_eq!(ends(&bounded, &[A, C]), [1]);
        assert_eq!(ends(&bounded, &[A, B, B, C]), [3]);
        assert!(ends(&bounded, &[A, B, B, B, C]).is_empty());
        let open = nfa(&[ONE, (2, None, true), ONE]);
        assert!(ends(&open, &[A, B, C]).is_empty());
        assert_eq!(ends(&open, &[A, B, B, B, C]), [4]);
    }

    #[test]
    fn a_reluctant_variable_at_the_end_ends_a_match_with_each_row() {
        let end = nfa(&[ONE, (0, None, false)]);
        assert_eq!(ends(&end, &[A, B, B]), [0, 1, 2]);
    }
}
