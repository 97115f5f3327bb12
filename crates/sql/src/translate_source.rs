//! Tables that are read: one source each for all of a statement, with what is computed of its columns and its
//! watermark.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion_expr::TableScan;
use millstream_expr::ScalarExpr;
use millstream_plan::{ChangelogMode, NodeId, NodeKind, Rows, Table};

use crate::context::CatalogTable;
use crate::diagnostics::{Result, SqlError};
use crate::time_settings::watermark_options;
use crate::translate::{Translator, arrow_of};

pub(crate) fn table_of(scan: &TableScan) -> Result<&Arc<Table>> {
    match scan.source.downcast_ref::<CatalogTable>() {
        Some(source) => Ok(&source.table),
        None => Err(SqlError::new("a table that is none of the catalog's")),
    }
}

impl Translator<'_> {
    pub(crate) fn scan(&mut self, scan: &TableScan) -> Result<NodeId> {
        let table = table_of(scan)?;
        let key = Arc::as_ptr(table);
        let base = match self.sources.get(&key) {
            Some(base) => *base,
            None => {
                let base = self.source(table)?;
                self.sources.insert(key, base);
                base
            }
        };
        let available = self.columns_of(table);
        let wanted =
            scan.projection.clone().unwrap_or_else(|| (0..table.schema.fields().len()).collect());
        let values = wanted
            .iter()
            .map(|column| {
                let at = available.iter().position(|known| known == column);
                let at = at.ok_or_else(|| SqlError::new("a column that was not planned for"))?;
                Ok(ScalarExpr::column(table.schema.field(*column).name(), at))
            })
            .collect::<Result<Vec<_>>>()?;
        if wanted == available {
            return Ok(base);
        }
        let schema = arrow_of(&scan.projected_schema);
        Ok(self.calc(base, None, Some(values), Some(schema)))
    }

    /// The columns that the source of a table gives to all of the statement, in their order.
    fn columns_of(&self, table: &Arc<Table>) -> Vec<usize> {
        let mut columns = self.needed.get(&Arc::as_ptr(table)).cloned().unwrap_or_default();
        if let Some(watermark) = table.watermark.as_ref().filter(|_| self.event_time) {
            columns.insert(watermark.rowtime);
            columns.extend(watermark.value.columns());
        }
        columns.into_iter().collect()
    }

    /// Reads a table: its physical columns, what is computed from them, and its watermark.
    fn source(&mut self, table: &Arc<Table>) -> Result<NodeId> {
        let rows = table.rows().map_err(|wrong| SqlError::new(wrong).about(&table.name))?;
        let mut columns = self.columns_of(table);
        let read = columns.len();
        let normalizes = rows != Rows::Added && !table.primary_key.is_empty();
        if normalizes {
            // Rows are known by their key, whether or not it is read above.
            let key = table.primary_key.iter().filter_map(|name| table.schema.index_of(name).ok());
            let unread: Vec<usize> = key.filter(|column| !columns.contains(column)).collect();
            columns.extend(unread);
        }
        let physical_of = |column: usize| {
            table.physical.index_of(table.schema.field(column).name()).unwrap_or(usize::MAX)
        };
        let mut physical = BTreeSet::new();
        for column in &columns {
            match table.computed.get(column) {
                Some(computed) => physical.extend(computed.value.columns()),
                None => {
                    physical.insert(physical_of(*column));
                }
            }
        }
        let physical: Vec<usize> = physical.into_iter().collect();
        let position = |column: usize| {
            physical.iter().position(|known| *known == column).unwrap_or(usize::MAX)
        };
        let schema =
            Arc::new(table.physical.project(&physical).map_err(millstream_types::Error::from)?);
        let kind = NodeKind::Source { table: Arc::clone(table), columns: physical.clone() };
        let mut node = self.leaf(kind, Arc::clone(&schema));
        if rows != Rows::Added {
            self.plan.nodes[node].changelog = ChangelogMode::Retract;
        }
        let values = columns
            .iter()
            .map(|column| match table.computed.get(column) {
                Some(computed) => Ok(computed.value.remap(position)?),
                None => {
                    let name = table.schema.field(*column).name();
                    Ok(ScalarExpr::column(name, position(physical_of(*column))))
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let computes = columns.iter().any(|column| table.computed.contains_key(column));
        let moves = values.iter().enumerate().any(|(at, value)| value.as_column() != Some(at));
        if computes || moves || columns.len() != physical.len() {
            let schema = table.schema.project(&columns).map_err(millstream_types::Error::from)?;
            node = self.calc(node, None, Some(values), Some(Arc::new(schema)));
        }
        let given = |column: usize| columns.iter().position(|known| *known == column);
        self.plan.nodes[node].proctimes = table
            .computed
            .iter()
            .filter(|(_, computed)| computed.processing_time)
            .filter_map(|(column, _)| given(*column))
            .collect();
        if let Some(watermark) = table.watermark.as_ref().filter(|_| self.event_time) {
            let rowtime = given(watermark.rowtime).unwrap_or_default();
            let value = watermark.value.remap(|column| given(column).unwrap_or_default())?;
            let options = watermark_options(self.catalog, table, self.stamps)?;
            let kind = NodeKind::WatermarkAssigner { rowtime, watermark: value, options };
            node = self.plan.add_like(kind, node);
            self.plan.nodes[node].rowtimes = vec![rowtime];
        }
        if normalizes {
            // Above what follows event time: a change is late by what its row met, whatever it replaces.
            let schema = Arc::clone(&self.plan.nodes[node].schema);
            let key = table.primary_key.iter().filter_map(|name| schema.index_of(name).ok());
            let kind = NodeKind::ChangelogNormalize { key: key.collect() };
            node = self.plan.add_like(kind, node);
            if read < columns.len() {
                let kept: Vec<usize> = (0..read).collect();
                let values =
                    kept.iter().map(|at| ScalarExpr::column(schema.field(*at).name(), *at));
                let values = values.collect();
                let schema = schema.project(&kept).map_err(millstream_types::Error::from)?;
                node = self.calc(node, None, Some(values), Some(Arc::new(schema)));
            }
        }
        Ok(node)
    }
}
