//! [`optimize`]: what is done to a logical plan before it is translated.

use std::sync::Arc;

use datafusion_common::config::ConfigOptions;
use datafusion_expr::LogicalPlan;
use datafusion_optimizer::analyzer::type_coercion::TypeCoercion;
use datafusion_optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion_optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion_optimizer::eliminate_filter::EliminateFilter;
use datafusion_optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion_optimizer::optimize_projections::OptimizeProjections;
use datafusion_optimizer::optimizer::Optimizer;
use datafusion_optimizer::push_down_filter::PushDownFilter;
use datafusion_optimizer::replace_distinct_aggregate::ReplaceDistinctWithAggregate;
use datafusion_optimizer::simplify_expressions::SimplifyExpressions;
use datafusion_optimizer::{Analyzer, AnalyzerRule, OptimizerContext, OptimizerRule};

use crate::catalog::Catalog;
use crate::comparisons::normalize_comparisons;
use crate::correlate::coerce_arguments;
use crate::diagnostics::Result;
use crate::session_filters::filter_sessions;
use crate::subqueries::join_subqueries;

/// Types and coerces a plan, then improves it by the rules that are safe on changing input.
///
/// Left out on purpose: limit push-down (a LIMIT over changes is no limit of the source), the rewrite
/// of single DISTINCT aggregates (it doubles state), grouping by constants removed (it changes what
/// an empty input gives), and rules about joins that none but windows need.
///
/// # Errors
/// When types do not fit, or a subquery stands where none can.
pub(crate) fn optimize(plan: LogicalPlan, catalog: &Catalog) -> Result<LogicalPlan> {
    let plan = normalize_comparisons(coerce_arguments(plan)?, catalog.zone())?;
    let plan = TypeCoercion::new().analyze(plan, &ConfigOptions::default())?;
    let improved = run(
        filter_sessions(join_subqueries(plan, &catalog.functions)?)?,
        vec![
            Arc::new(SimplifyExpressions::new()),
            Arc::new(ReplaceDistinctWithAggregate::new()),
            Arc::new(EliminateCrossJoin::new()),
            Arc::new(EliminateFilter::new()),
            Arc::new(PushDownFilter::new()),
            Arc::new(CommonSubexprEliminate::new()),
            Arc::new(OptimizeProjections::new()),
        ],
    )?;
    // Last, and once: what filters are pushed into a join becomes a key there. EliminateCrossJoin takes
    // chains of joins apart and would make keys that are IS NOT DISTINCT FROM keys that are equal.
    run(improved, vec![Arc::new(ExtractEquijoinPredicate::new())])
}

/// A plan with its constants folded, and nothing else done to it.
///
/// # Errors
/// When types do not fit.
pub(crate) fn simplified(plan: LogicalPlan) -> Result<LogicalPlan> {
    run(plan, vec![Arc::new(SimplifyExpressions::new())])
}

fn run(plan: LogicalPlan, rules: Vec<Arc<dyn OptimizerRule + Send + Sync>>) -> Result<LogicalPlan> {
    let analyzer = Analyzer::with_rules(vec![Arc::new(TypeCoercion::new())]);
    let plan = analyzer.execute_and_check(plan, &ConfigOptions::default(), |_, _| {})?;
    let context = OptimizerContext::new_with_config_options(Arc::new(ConfigOptions::default()))
        .without_query_execution_start_time()
        .with_max_passes(3);
    Ok(Optimizer::with_rules(rules).optimize(plan, &context, |_, _| {})?)
}
